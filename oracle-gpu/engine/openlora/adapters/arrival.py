"""Layers that wait for their part of an adapter while its other parts are still being copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from openlora.adapters.copies import Event
from openlora.adapters.slots import Slot
from openlora.ops.segments import TokenAdapters


@dataclass(frozen=True)
class _Arriving:
    """The first layers are computed as soon as they have come; the device waits, no thread does."""

    adapters: TokenAdapters
    arrivals: Sequence[Mapping[str, Event]]  # of each adapter, by layer

    def add(self, layer: str, bias: Tensor | None, x: Tensor, y: Tensor) -> Tensor:
        for events in self.arrivals:
            event = events.get(layer)
            if event is not None:
                event.wait()
        return self.adapters.add(layer, bias, x, y)


def arriving(adapters: TokenAdapters, slots: Sequence[Slot]) -> TokenAdapters:
    """`adapters`, after those of `slots` that are not there yet."""
    arrivals = [slot.arrivals for slot in slots if not slot.is_there()]
    return _Arriving(adapters, arrivals) if arrivals else adapters
