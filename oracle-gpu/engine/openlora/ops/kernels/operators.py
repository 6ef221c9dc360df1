"""The operators in Triton."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from openlora.ops.attention import PagedAttention, PagedCache, Span
from openlora.ops.kernels.adapters import tile_adapters
from openlora.ops.kernels.attention import table_attention
from openlora.ops.kernels.buffers import DecodeBuffers
from openlora.ops.kernels.record import record
from openlora.ops.operators import Shape
from openlora.ops.segments import Gains, Group, Pool, TokenAdapters


class Kernels:
    """Each kernel is tested against `openlora.ops.operators.Reference`."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None

    def attention(self, cache: PagedCache, spans: Sequence[Span]) -> PagedAttention:
        return table_attention(cache, spans, self._device)

    def adapters(self, pools: Mapping[str, Pool], groups: Sequence[Group], gains: Gains) -> TokenAdapters:
        return tile_adapters(pools, groups, gains, self._device)

    @property
    def recorder(self) -> Kernels:
        return self

    @property
    def reads_the_unwritten(self) -> bool:
        return False

    def buffers(self, shape: Shape, cache: PagedCache, pools: Mapping[str, Pool]) -> DecodeBuffers:
        return DecodeBuffers(shape, cache, pools, self._device)

    def record(self, compute: Callable[[], Tensor]) -> Callable[[], Tensor]:
        return record(compute, self._device, self._pool)
