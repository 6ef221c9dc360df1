"""Attention of tiles of new tokens to their own sequence's keys and values, read where they lie in blocks."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

# A tile is int32 [4]: its sequence's row in the tables, its first token's row in the batch, how many tokens,
# and where in its sequence the first of them stands.


def _attend(
    query: Any,  # [rows, HEADS, KEY_DIM]
    keys: Any,  # [blocks, BLOCK, KEY_HEADS, KEY_DIM]
    values: Any,  # [blocks, BLOCK, KEY_HEADS, VALUE_DIM]
    tables: Any,  # int32 [sequences, blocks_each]
    tiles: Any,
    found: Any,  # SPLITS = 1: [rows, HEADS, VALUE_DIM]; else float32 [SPLITS, tiles, HEADS, VALUE_DIM]
    peaks: Any,  # float32 [SPLITS, tiles, HEADS]: the greatest score of each share; unused if SPLITS = 1
    totals: Any,  # the same shape: the sum of exp(score − peak)
    blocks_each: Any,
    scale: Any,
    HEADS: tl.constexpr,
    KEY_HEADS: tl.constexpr,
    KEY_DIM: tl.constexpr,
    VALUE_DIM: tl.constexpr,
    KEY_PAD: tl.constexpr,  # the next power of two
    VALUE_PAD: tl.constexpr,
    BLOCK: tl.constexpr,
    ROWS: tl.constexpr,  # tokens of a tile times heads that share keys, made a power of two
    KEYS: tl.constexpr,  # looked at together
    SPLITS: tl.constexpr,
    WINDOW: tl.constexpr,  # 0: none
    SOFTCAP: tl.constexpr,  # 0: none
) -> None:
    """Program (tile, key head, split). A sequence is divided by its own length alone, so that its rounding
    does not depend on what else is in the batch."""
    tile = tl.program_id(0)
    head = tl.program_id(1)
    split = tl.program_id(2)
    count = tl.load(tiles + 4 * tile + 2)
    place = tl.load(tiles + 4 * tile + 3)
    low = place * 0
    if WINDOW > 0:
        low = tl.maximum(place - WINDOW + 1, 0)
    high = place + count
    share = (high - low + SPLITS * KEYS - 1) // (SPLITS * KEYS) * KEYS
    begin = low + split * share
    if begin >= high:  # beyond the end of a short sequence; `merge` does not look here
        return
    end = tl.minimum(begin + share, high)
    sequence = tl.load(tiles + 4 * tile)
    first = tl.load(tiles + 4 * tile + 1)
    shared: tl.constexpr = HEADS // KEY_HEADS
    row = tl.arange(0, ROWS)
    token = row // shared
    asked = head * shared + row % shared
    own = token < count
    position = place + token
    k_dim = tl.arange(0, KEY_PAD)
    v_dim = tl.arange(0, VALUE_PAD)
    q = tl.load(
        query + ((first + token) * HEADS + asked)[:, None] * KEY_DIM + k_dim[None, :],
        mask=own[:, None] & (k_dim < KEY_DIM)[None, :],
        other=0.0,
    )
    peak = tl.full((ROWS,), float("-inf"), tl.float32)
    total = tl.zeros((ROWS,), tl.float32)
    sums = tl.zeros((ROWS, VALUE_PAD), tl.float32)
    for start in range(begin, end, KEYS):
        key = start + tl.arange(0, KEYS)
        real = key < end
        block = tl.load(tables + sequence * blocks_each + key // BLOCK, mask=real, other=0)
        slot = (block.to(tl.int64) * BLOCK + key % BLOCK) * KEY_HEADS + head
        ks = tl.load(
            keys + slot[None, :] * KEY_DIM + k_dim[:, None],
            mask=real[None, :] & (k_dim < KEY_DIM)[:, None],
            other=0.0,
        )
        scores = tl.dot(q, ks, input_precision="ieee") * scale
        if SOFTCAP > 0:  # tanh by what every backend has
            scores = (2 * tl.sigmoid(2 * scores / SOFTCAP) - 1) * SOFTCAP
        seen = real[None, :] & (key[None, :] <= position[:, None])
        if WINDOW > 0:
            seen = seen & (key[None, :] > position[:, None] - WINDOW)
        scores = tl.where(seen, scores, float("-inf"))
        higher = tl.maximum(peak, tl.max(scores, axis=1))
        base = tl.where(higher == float("-inf"), 0.0, higher)  # nothing seen yet: −∞ − −∞ is no number
        weights = tl.exp(scores - base[:, None])
        fade = tl.exp(peak - base)
        vs = tl.load(
            values + slot[:, None] * VALUE_DIM + v_dim[None, :],
            mask=real[:, None] & (v_dim < VALUE_DIM)[None, :],
            other=0.0,
        )
        total = total * fade + tl.sum(weights, axis=1)
        sums = tl.dot(weights.to(vs.dtype), vs, sums * fade[:, None], input_precision="ieee")
        peak = higher
    out = own[:, None] & (v_dim < VALUE_DIM)[None, :]
    if SPLITS == 1:
        where = ((first + token) * HEADS + asked)[:, None] * VALUE_DIM + v_dim[None, :]
        tl.store(
            found + where, (sums / tl.where(own, total, 1.0)[:, None]).to(found.dtype.element_ty), mask=out
        )
    else:
        part = (split * tl.num_programs(0) + tile) * HEADS + asked
        tl.store(found + part[:, None] * VALUE_DIM + v_dim[None, :], sums, mask=out)
        tl.store(peaks + part, peak, mask=own)
        tl.store(totals + part, total, mask=own)


attend = triton.jit(_attend, do_not_specialize=["blocks_each"])
