"""Adapters that are copied while the device computes: read when they have come, overwritten when read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from openlora.adapters.arrival import arriving
from openlora.adapters.copies import Copies, Event
from openlora.adapters.packed import Packed, PackedLayer
from openlora.adapters.slots import Slots, rows_of
from openlora.models.base import BaseModel

from .test_families import make_base


class Mark:
    """A place in one of two queues; it is reached when the test says so."""

    def __init__(self, log: list[str], name: str) -> None:
        self._log = log
        self.name = name
        self.reached = False

    def wait(self) -> None:
        self._log.append(f"wait for {self.name}")

    def query(self) -> bool:
        return self.reached


class Recorded(Copies):
    """Notes what waits for what; stands for a device with a stream for copies."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.marks: list[Mark] = []
        self._apart = False

    @contextmanager
    def apart(self) -> Iterator[None]:
        self._apart = True
        yield
        self._apart = False

    def event(self) -> Event:
        mark = Mark(self.log, f"{'copy' if self._apart else 'read'} {len(self.marks)}")
        self.marks.append(mark)
        return mark


@pytest.fixture
def base() -> BaseModel:
    return make_base("llama")


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    monkeypatch.setattr("openlora.adapters.slots.choose_copies", lambda _: recorded)
    return recorded


def packed(base: BaseModel, key: str, rank: int = 2) -> Packed:
    """On two layers, the last first."""
    names = list(base.switch.layers)
    layers = {}
    for name in (names[-1], names[0]):
        inside, outside = rows_of(base.switch.layers[name])
        layers[name] = PackedLayer(torch.ones(rank, inside), torch.ones(rank, outside), None)
    return Packed(key, rank, layers, 1)


class Adds:
    """Stands for operators: notes which layer is computed."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def add(self, layer: str, bias: Tensor | None, x: Tensor, y: Tensor) -> Tensor:
        self._log.append(f"add {layer}")
        return y


def test_a_layer_waits_for_its_own_part_and_no_other(base: BaseModel, copies: Recorded) -> None:
    slots = Slots(base, 1 << 20)
    slot = slots.load(packed(base, "a"))
    assert slot is not None
    first, second, last = (list(base.switch.layers)[place] for place in (0, 1, -1))
    assert list(slot.arrivals) == [first, last], "copied in the order in which they are computed"
    nothing = torch.zeros(1)
    adapters = arriving(Adds(copies.log), [slot])
    for layer in (first, second, last):
        adapters.add(layer, None, nothing, nothing)
    assert copies.log == [
        *("wait for copy 0", f"add {first}"),
        f"add {second}",
        *("wait for copy 1", f"add {last}"),
    ]


def test_what_has_come_is_not_waited_for(base: BaseModel, copies: Recorded) -> None:
    slots = Slots(base, 1 << 20)
    slot = slots.load(packed(base, "a"))
    assert slot is not None
    copies.marks[0].reached = True
    assert not slot.is_there()
    slot.arrive()
    assert copies.log == ["wait for copy 0", "wait for copy 1"]
    copies.marks[1].reached = True
    plain = Adds(copies.log)
    assert arriving(plain, [slot]) is plain
    copies.log.clear()
    slot.arrive()
    assert not copies.log


def test_a_slot_is_overwritten_only_after_what_reads_it(base: BaseModel, copies: Recorded) -> None:
    slots = Slots(base, 2 * Slots(base, 1).row_bytes)
    assert slots.capacity == 2
    first = slots.load(packed(base, "a"))
    assert first is not None
    assert slots.load(packed(base, "b")) is None, "it is held"
    slots.unpin(first)
    assert isinstance(first.read, Mark)
    assert first.read.name.startswith("read")
    second = slots.load(packed(base, "b"))
    assert second is not None
    assert second.ranks == first.ranks
    assert copies.log == [f"wait for {first.read.name}"]


def test_where_memory_is_the_device_there_is_nothing_to_wait_for(base: BaseModel) -> None:
    slots = Slots(base, 1 << 20)
    slot = slots.load(packed(base, "a"))
    assert slot is not None
    assert slot.is_there()
    slots.unpin(slot)
    assert slot.read is None
    adds = Adds([])
    assert arriving(adds, [slot]) is adds
