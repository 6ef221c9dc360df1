"""Adapters in memory, ready for the layers that serve: the tier between the disk and the device's slots."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

import torch

from openlora.adapters.packed import Packed, PackedLayer, pack, packed_path, read_packed, write_packed
from openlora.adapters.store import AdapterStore, read_adapter
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair

WHOLE = 10_000  # basis points


@dataclass(frozen=True)
class Choice:
    """What a request asks for: one adapter, or several whose changes are added with weights."""

    parts: tuple[tuple[str, int], ...]  # adapter id, weight in basis points

    @classmethod
    def one(cls, id: str) -> Choice:
        return cls(((id, WHOLE),))

    @property
    def key(self) -> str:
        """The adapter's id, or a digest of ids and weights."""
        if len(self.parts) == 1 and self.parts[0][1] == WHOLE:
            return self.parts[0][0]
        return "sum:" + hashlib.sha256(json.dumps(sorted(self.parts)).encode()).hexdigest()


class Chosen(dict[str, LoraPair]):
    """An adapter's weights by layer, and by what it was chosen."""

    def __init__(self, weights: Mapping[str, LoraPair], choice: Choice) -> None:
        super().__init__(weights)
        self.choice = choice


@dataclass
class _Entry:
    loading: Future[Packed] = field(default_factory=Future)
    pins: int = 0


class AdapterCache:
    """Keeps the adapters that were used last, as many as fit in `budget` bytes, and all that are pinned.

    Safe from any thread; whoever asks for an adapter that is not there reads it, and holds up nobody else.
    `base_id` tells bases apart: what was fitted to one is not read for another.
    """

    def __init__(self, store: AdapterStore, base: BaseModel, budget: int, base_id: str = "") -> None:
        self._store = store
        self._base = base
        self._budget = budget
        self._base_id = base_id
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the one used last at the end
        self._lock = threading.Lock()

    def acquire(self, choice: Choice) -> Packed:
        """Pin and return it; `release` it by its key. EngineError 400, 404 or 409 if it cannot be served."""
        key = choice.key
        with self._lock:
            entry = self._entries.get(key)
            is_first = entry is None
            if entry is None:
                entry = self._entries[key] = _Entry()
            entry.pins += 1
            self._entries.move_to_end(key)
        if is_first:
            self._load(key, entry, lambda: self._read(choice))
        return entry.loading.result()

    def release(self, key: str) -> None:
        with self._lock:
            self._entries[key].pins -= 1
            self._shrink()

    def check(self, choice: Choice) -> None:
        """Read it into memory, so that it can be refused before anything is answered."""
        self.acquire(choice)
        self.release(choice.key)

    def weights(self, choice: Choice) -> Chosen:
        """For a pass in which all tokens have this choice; kept by the caller, whatever leaves the cache."""
        packed = self.acquire(choice)
        self.release(choice.key)
        return Chosen(packed.weights(), choice)

    def resident(self) -> frozenset[str]:
        with self._lock:
            return frozenset(key for key, entry in self._entries.items() if entry.loading.done())

    @property
    def bytes(self) -> int:
        with self._lock:
            return self._bytes()

    def _load(self, key: str, entry: _Entry, read: Callable[[], Packed]) -> None:
        try:
            entry.loading.set_result(read())
        except BaseException as error:
            with self._lock:  # whoever asks next tries again
                del self._entries[key]
            entry.loading.set_exception(error)

    def _read(self, choice: Choice) -> Packed:
        if choice.key != choice.parts[0][0]:
            return self._add(choice)
        id, base = choice.key, self._base
        folder = self._store.folder(id)
        path = packed_path(folder, base.dtype, base.shard)
        packed = read_packed(path, id, self._base_id, base.dtype, base.device)
        if packed is None:
            packed = pack(read_adapter(folder, id), base)
            write_packed(path, packed, self._base_id, base.dtype)
        return packed

    def _add(self, choice: Choice) -> Packed:
        """The weighted sum of several adapters' changes: their ranks stand side by side, so it is exact."""
        parents = []
        try:
            for id, weight in choice.parts:
                parents.append((self.acquire(Choice.one(id)), weight / WHOLE))
            return add(choice.key, parents)
        finally:
            for parent, _ in parents:
                self.release(parent.key)

    def _bytes(self) -> int:
        return sum(entry.loading.result().bytes for entry in self._entries.values() if entry.loading.done())

    def _shrink(self) -> None:
        used = self._bytes()
        for key, entry in list(self._entries.items()):
            if used <= self._budget:
                return
            if entry.pins == 0:
                used -= entry.loading.result().bytes
                del self._entries[key]


def add(key: str, parents: list[tuple[Packed, float]]) -> Packed:
    """EngineError 400 with DoRA, whose change of a layer is not its A and B alone."""
    for parent, _ in parents:
        if parent.is_dora:
            message = f"Adapter {parent.key} uses DoRA and cannot be added to others: ask it alone."
            raise EngineError(400, "dora_in_sum", message, adapter=parent.key)
    layers = {}
    for name in sorted({layer for parent, _ in parents for layer in parent.layers}):
        like = next(parent.layers[name] for parent, _ in parents if name in parent.layers)
        a, b = [], []
        for parent, weight in parents:
            own = parent.layers.get(name)
            a.append(like.a.new_zeros(parent.rank, like.a.shape[1]) if own is None else own.a)
            b.append(like.b.new_zeros(parent.rank, like.b.shape[1]) if own is None else own.b * weight)
        layers[name] = PackedLayer(torch.cat(a), torch.cat(b), None)
    size = sum(layer.a.nbytes + layer.b.nbytes for layer in layers.values())
    return Packed(key, sum(parent.rank for parent, _ in parents), layers, size)
