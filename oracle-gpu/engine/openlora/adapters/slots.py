"""Adapters on the device: ranges of rank rows in one pool for each layer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from openlora.adapters.packed import Packed
from openlora.models.base import BaseModel
from openlora.ops.lora import shape_of
from openlora.ops.segments import Pool


@dataclass
class Slot:
    key: str
    ranks: slice
    gains: Mapping[str, Tensor]  # DoRA: by layer, float32 [out]
    pins: int = 0
    used: float = field(default_factory=time.monotonic)


class Slots:
    """Whoever reads a slot holds a pin on it. A slot that nobody holds may be given to another adapter.

    Rows are zeroed when a slot is given up: what no adapter has adds nothing. Safe from any thread: rows
    that are being written belong to no slot that can be seen.
    """

    def __init__(self, base: BaseModel, budget: int) -> None:
        self._base = base
        self._sizes = {name: rows_of(layer) for name, layer in base.switch.layers.items()}
        self.row_bytes = (
            sum(inside + outside for inside, outside in self._sizes.values()) * base.dtype.itemsize
        )
        self.capacity = max(budget // self.row_bytes, 1)  # rank rows
        self.pools: dict[str, Pool] = {}
        self._slots: dict[str, Slot] = {}
        self._taken: list[slice] = []  # by rising start; also what is being written or zeroed
        self._lock = threading.Lock()

    def pin(self, key: str) -> Slot | None:
        """The adapter's slot, held until `unpin`; None if it is not here."""
        with self._lock:
            slot = self._slots.get(key)
            if slot is not None:
                slot.pins += 1
            return slot

    def unpin(self, slot: Slot) -> None:
        with self._lock:
            slot.pins -= 1
            slot.used = time.monotonic()

    def load(self, packed: Packed) -> Slot | None:
        """Copy an adapter in and pin it; None if there is no room beside those that are held."""
        found = self.pin(packed.key)
        if found is not None:
            return found
        ranks = self._reserve(packed.rank)
        if ranks is None:
            return None
        self.write(packed, ranks)
        gains = {
            name: layer.gain.to(self._base.device)
            for name, layer in packed.layers.items()
            if layer.gain is not None
        }
        slot = Slot(packed.key, ranks, gains, pins=1)
        with self._lock:
            self._slots[packed.key] = slot
        return slot

    def write(self, packed: Packed, ranks: slice) -> None:
        """Copy an adapter to these rows, which hold nothing."""
        for name, layer in packed.layers.items():
            pool = self.pools.get(name) or self._make(name)
            pool.a[ranks].copy_(layer.a)
            pool.b[ranks].copy_(layer.b)

    def wipe(self, ranks: slice) -> None:
        for pool in list(self.pools.values()):
            pool.a[ranks].zero_()
            pool.b[ranks].zero_()

    def evict_idle(self, seconds: float) -> int:
        """Give up what nobody has used for so long; how many they were."""
        before = time.monotonic() - seconds
        with self._lock:
            idle = [slot for slot in self._slots.values() if slot.pins == 0 and slot.used < before]
            for slot in idle:
                self._drop(slot)
        return len(idle)

    def resident(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._slots)

    def _reserve(self, rank: int) -> slice | None:
        """The lowest free range, after giving up as few as needed of those that were used longest ago."""
        with self._lock:
            while (found := self._free(rank)) is None:
                idle = [slot for slot in self._slots.values() if slot.pins == 0]
                if not idle:
                    return None
                self._drop(min(idle, key=lambda slot: slot.used))
            self._taken.append(found)
            self._taken.sort(key=lambda taken: taken.start)
            return found

    def _free(self, rank: int) -> slice | None:
        start = 0
        for taken in self._taken:
            if taken.start - start >= rank:
                break
            start = taken.stop
        return slice(start, start + rank) if start + rank <= self.capacity else None

    def _drop(self, slot: Slot) -> None:
        del self._slots[slot.key]
        self.wipe(slot.ranks)
        self._taken.remove(slot.ranks)

    def _make(self, name: str) -> Pool:
        inside, outside = self._sizes[name]
        a, b = (
            torch.zeros(self.capacity, size, dtype=self._base.dtype, device=self._base.device)
            for size in (inside, outside)
        )
        self.pools[name] = pool = Pool(a, b)
        return pool


def rows_of(layer: nn.Module) -> tuple[int, int]:
    """What a linear layer reads and writes."""
    outside, inside = shape_of(layer)
    return inside, outside
