"""y += (x · Aᵀ) · B for tiles of tokens, in place."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl


def _expand(
    shrunk: Any,  # float32 [SPLITS, rows, width]
    b: Any,  # [ranks, OUTSIDE], of all adapters
    y: Any,  # [rows, OUTSIDE], to be added to
    tiles: Any,  # as shrink.py says
    rows: Any,
    width: Any,
    OUTSIDE: tl.constexpr,
    TOKENS: tl.constexpr,
    RANKS: tl.constexpr,
    COLUMNS: tl.constexpr,
    SPLITS: tl.constexpr,
) -> None:
    """Program (tile, block of columns). A tile without ranks leaves y as it is."""
    tile = tl.program_id(0)
    first = tl.load(tiles + 4 * tile)
    count = tl.load(tiles + 4 * tile + 1)
    start = tl.load(tiles + 4 * tile + 2).to(tl.int64)
    ranks = tl.load(tiles + 4 * tile + 3)
    token = tl.arange(0, TOKENS)
    own = (token < count)[:, None]
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    real = (column < OUTSIDE)[None, :]
    if ranks > 0:
        sums = tl.zeros((TOKENS, COLUMNS), tl.float32)
        for rank in range(0, ranks, RANKS):
            r = rank + tl.arange(0, RANKS)
            has = (r < ranks)[None, :]
            part = tl.zeros((TOKENS, RANKS), tl.float32)
            for split in range(SPLITS):
                place = (split * rows + first + token)[:, None] * width + r[None, :]
                part += tl.load(shrunk + place, mask=own & has, other=0.0)
            weights = tl.load(
                b + (start + r)[:, None] * OUTSIDE + column[None, :],
                mask=(r < ranks)[:, None] & real,
                other=0.0,
            )
            if TOKENS == 1:
                sums += tl.sum(tl.trans(part) * weights.to(tl.float32), axis=0)[None, :]
            else:
                sums = tl.dot(part.to(weights.dtype), weights, sums, input_precision="ieee")
        target = y + (first + token)[:, None] * OUTSIDE + column[None, :]
        before = tl.load(target, mask=own & real, other=0.0)
        tl.store(target, (before.to(tl.float32) + sums).to(before.dtype), mask=own & real)


expand = triton.jit(_expand, do_not_specialize=["rows", "width"])
