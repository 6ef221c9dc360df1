"""Adapters in memory, ready for the layers that serve."""

from __future__ import annotations

import threading
from collections import OrderedDict

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair, fit


class AdapterCache:
    """Keeps the adapters that were used last, as many as fit in `budget` bytes."""

    def __init__(self, store: AdapterStore, base: BaseModel, budget: int) -> None:
        self._store = store
        self._base = base
        self._budget = budget
        self._resident: OrderedDict[str, tuple[int, dict[str, LoraPair]]] = OrderedDict()
        self._lock = threading.Lock()

    def weights(self, id: str) -> dict[str, LoraPair]:
        """The adapter fitted to the base; EngineError 404 or 409 where there is none that can be served."""
        with self._lock:
            found = self._resident.get(id)
            if found is None:
                adapter = read_adapter(self._store.folder(id), id)
                base = self._base
                found = (2 * adapter.bytes, fit(adapter.weights, base.switch, base.dtype, base.device))
                self._resident[id] = found
            self._resident.move_to_end(id)
            while len(self._resident) > 1 and sum(size for size, _ in self._resident.values()) > self._budget:
                self._resident.popitem(last=False)
            return found[1]

    def resident(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._resident)
