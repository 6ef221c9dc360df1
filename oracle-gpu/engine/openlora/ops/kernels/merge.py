"""Attention of single tokens, put together from the shares of their sequences."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl


def _merge(
    parts: Any,  # float32 [SPLITS, tiles, HEADS, VALUE_DIM], as attend.py leaves them
    peaks: Any,  # float32 [SPLITS, tiles, HEADS]
    totals: Any,
    tiles: Any,
    found: Any,  # [rows, HEADS, VALUE_DIM]
    HEADS: tl.constexpr,
    VALUE_DIM: tl.constexpr,
    VALUE_PAD: tl.constexpr,
    KEYS: tl.constexpr,
    SPLITS: tl.constexpr,
    WINDOW: tl.constexpr,
) -> None:
    """Program (tile, head). Of a short sequence the last shares are empty, and nothing was written there."""
    tile = tl.program_id(0)
    head = tl.program_id(1)
    row = tl.load(tiles + 4 * tile + 1)
    place = tl.load(tiles + 4 * tile + 3)
    length = place + 1
    if WINDOW > 0:
        length = tl.minimum(length, WINDOW)
    share = (length + SPLITS * KEYS - 1) // (SPLITS * KEYS) * KEYS  # as in attend.py
    split = tl.arange(0, SPLITS)
    real = split * share < length
    part = (split * tl.num_programs(0) + tile) * HEADS + head
    dim = tl.arange(0, VALUE_PAD)
    inside = dim < VALUE_DIM
    peak = tl.load(peaks + part, mask=real, other=float("-inf"))
    weight = tl.exp(peak - tl.max(peak, axis=0))
    total = tl.sum(tl.load(totals + part, mask=real, other=0.0) * weight, axis=0)
    sums = tl.load(
        parts + part[:, None] * VALUE_DIM + dim[None, :], mask=real[:, None] & inside[None, :], other=0.0
    )
    out = tl.sum(sums * weight[:, None], axis=0) / total
    place_of = (row * HEADS + head) * VALUE_DIM + dim
    tl.store(found + place_of, out.to(found.dtype.element_ty), mask=inside)


merge = triton.jit(_merge)
