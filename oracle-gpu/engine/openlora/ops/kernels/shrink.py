"""x · Aᵀ for tiles of tokens, each with the ranks of its own adapter."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

# A tile is int32 [4]: its first token, how many tokens, its first rank row in the pool, how many ranks.


def _shrink(
    x: Any,  # [rows, INSIDE]
    a: Any,  # [ranks, INSIDE], of all adapters
    shrunk: Any,  # float32 [SPLITS, rows, width], to be written
    tiles: Any,
    rows: Any,
    width: Any,
    INSIDE: tl.constexpr,
    TOKENS: tl.constexpr,
    RANKS: tl.constexpr,
    STEP: tl.constexpr,
    SPLITS: tl.constexpr,
) -> None:
    """Program (tile, split) adds up its share of the columns; `expand` adds the shares.

    Shares and not atomic additions: the order of a sum never depends on who comes first.
    """
    tile = tl.program_id(0)
    split = tl.program_id(1)
    first = tl.load(tiles + 4 * tile)
    count = tl.load(tiles + 4 * tile + 1)
    start = tl.load(tiles + 4 * tile + 2).to(tl.int64)
    ranks = tl.load(tiles + 4 * tile + 3)
    share: tl.constexpr = (INSIDE + SPLITS * STEP - 1) // (SPLITS * STEP) * STEP
    token = tl.arange(0, TOKENS)
    own = (token < count)[:, None]
    for rank in range(0, ranks, RANKS):  # no further than this adapter's own ranks
        r = rank + tl.arange(0, RANKS)
        sums = tl.zeros((TOKENS, RANKS), tl.float32)
        for place in range(0, share, STEP):
            column = split * share + place + tl.arange(0, STEP)
            real = (column < INSIDE)[None, :]
            xs = tl.load(x + (first + token)[:, None] * INSIDE + column[None, :], mask=own & real, other=0.0)
            weights = tl.load(
                a + (start + r)[:, None] * INSIDE + column[None, :],
                mask=(r < ranks)[:, None] & real,
                other=0.0,
            )
            if TOKENS == 1:
                sums += tl.sum(weights.to(tl.float32) * xs.to(tl.float32), axis=1)[None, :]
            else:
                sums = tl.dot(xs, tl.trans(weights), sums, input_precision="ieee")
        place_of = (split * rows + first + token)[:, None] * width + r[None, :]
        tl.store(shrunk + place_of, sums, mask=own & (r < ranks)[None, :])


shrink = triton.jit(_shrink, do_not_specialize=["rows", "width"])
