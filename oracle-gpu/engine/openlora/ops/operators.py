"""The operators that a device's steps are computed with, chosen here and nowhere else."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from openlora.ops.attention import PagedAttention, PagedCache, Span, paged_batch
from openlora.ops.segments import Gains, Group, Pool, TokenAdapters, TokenPlan, divide

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """The next token of one request."""

    token: int
    position: int  # where the model is told that it stands
    end: int  # tokens of the request that may be seen, this one included
    blocks: Sequence[int]  # of the cache, in order
    ranks: slice  # of its adapter in the pools; empty: the base alone


@dataclass(frozen=True)
class Shape:
    """What a recorded step has room for."""

    rows: int
    blocks: int  # of one request
    ranks: int  # of one adapter


class Buffers(Protocol):
    """What a decode step reads, in places that never change."""

    ids: Tensor  # [1, rows]
    positions: Tensor  # [1, rows]

    @property
    def attention(self) -> PagedAttention: ...

    @property
    def adapters(self) -> TokenAdapters: ...

    def fill(self, rows: Sequence[Row]) -> None:
        """What the next step computes; rows beyond these compute what nobody reads."""
        ...


class Recorder(Protocol):
    """Makes steps that are launched as one."""

    def buffers(self, shape: Shape, cache: PagedCache, pools: Mapping[str, Pool]) -> Buffers: ...

    def record(self, compute: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """RuntimeError where the step waits for the device or takes another way each time."""
        ...


class Operators(Protocol):
    """Lay out one packed batch for the layers. Groups are ordered by token and by rank."""

    def attention(self, cache: PagedCache, spans: Sequence[Span]) -> PagedAttention: ...

    def adapters(self, pools: Mapping[str, Pool], groups: Sequence[Group], gains: Gains) -> TokenAdapters: ...

    @property
    def recorder(self) -> Recorder | None:
        """None: a step is as fast without."""
        ...

    @property
    def reads_the_unwritten(self) -> bool:
        """Whether blocks must hold numbers where nothing was written since they changed hands."""
        ...


class Reference:
    """Plain PyTorch: serves CPUs, and is what the kernels are tested against."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def attention(self, cache: PagedCache, spans: Sequence[Span]) -> PagedAttention:
        return paged_batch(cache, spans, self._device)

    def adapters(self, pools: Mapping[str, Pool], groups: Sequence[Group], gains: Gains) -> TokenAdapters:
        return TokenPlan(pools, divide(groups, self._device), gains, groups)

    @property
    def recorder(self) -> None:
        return None

    @property
    def reads_the_unwritten(self) -> bool:
        return True  # whole blocks are copied out, and their ends weigh nothing


def choose_operators(device: torch.device, is_divided: bool = False) -> Operators:
    """Kernels on CUDA where Triton is installed (PyTorch's CUDA builds bring it), else the reference.

    `is_divided`: whether other processes hold parts of the base; they are told what the reference lays out.
    """
    if device.type != "cuda" or is_divided:
        return Reference(device)
    if importlib.util.find_spec("triton") is None:
        log.warning("Triton is not installed: serving on CUDA by the slower reference operators")
        return Reference(device)
    from openlora.ops.kernels.operators import Kernels

    return Kernels(device)
