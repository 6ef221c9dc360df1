"""Attention over the paged cache through the kernels: a batch's tables and tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from openlora.ops.attention import PagedCache, Span
from openlora.ops.kernels.attend import attend
from openlora.ops.kernels.merge import merge

TOKENS = 16  # of a tile of a prompt
LEAST = 16  # rows and dimensions of the smallest product that the matrix units take
KEYS = 64  # looked at together
SPLITS = 8  # shares of the sequence of a single token: enough programs for a few answers to fill a device


@dataclass(frozen=True)
class TableAttention:
    """Keys and values are read in place, by block tables; nothing is gathered and no mask is made."""

    cache: PagedCache
    slots: Tensor  # [rows]: where the new tokens' keys and values are kept
    tables: Tensor  # int32 [sequences, blocks]
    single: Tensor | None  # int32 [tiles, 4] of one token each; attend.py says what they hold
    long: Tensor | None  # of up to TOKENS tokens each

    def attend(
        self,
        layer: int,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scale: float | None,
        window: int | None,
        softcap: float | None,
    ) -> Tensor:
        """query, key, value [1, heads, tokens, dim] → [1, tokens, heads, dim]."""
        self.cache.write(layer, self.slots, key[0].transpose(0, 1), value[0].transpose(0, 1))
        asked = query[0].transpose(0, 1).contiguous()  # [tokens, heads, dim]
        found = asked.new_empty(*asked.shape[:2], value.shape[-1])
        call = _Call(
            self.cache.keys[layer],
            self.cache.values[layer],
            self.tables,
            asked.shape[-1] ** -0.5 if scale is None else scale,
            window or 0,
            softcap or 0.0,
        )
        if self.single is not None:
            call.single(asked, self.single, found)
        if self.long is not None:
            call.long(asked, self.long, found)
        return found.unsqueeze(0)


@dataclass(frozen=True)
class _Call:
    keys: Tensor
    values: Tensor
    tables: Tensor
    scale: float
    window: int  # 0: none
    softcap: float  # 0: none

    def single(self, query: Tensor, tiles: Tensor, found: Tensor) -> None:
        heads, dim = query.shape[1], found.shape[-1]
        parts = query.new_empty(SPLITS, len(tiles), heads, dim, dtype=torch.float32)
        peaks, totals = query.new_empty(2, SPLITS, len(tiles), heads, dtype=torch.float32)
        self._attend(query, tiles, 1, SPLITS, parts, peaks, totals)
        merge[(len(tiles), heads)](
            parts,
            peaks,
            totals,
            tiles,
            found,
            HEADS=heads,
            VALUE_DIM=dim,
            VALUE_PAD=triton.next_power_of_2(dim),
            KEYS=KEYS,
            SPLITS=SPLITS,
            WINDOW=self.window,
        )

    def long(self, query: Tensor, tiles: Tensor, found: Tensor) -> None:
        self._attend(query, tiles, TOKENS, 1, found, found, found)

    def _attend(
        self,
        query: Tensor,
        tiles: Tensor,
        tokens: int,
        splits: int,
        found: Tensor,
        peaks: Tensor,
        totals: Tensor,
    ) -> None:
        _, block, key_heads, key_dim = self.keys.shape
        heads, value_dim = query.shape[1], self.values.shape[-1]
        attend[(len(tiles), key_heads, splits)](
            query,
            self.keys,
            self.values,
            self.tables,
            tiles,
            found,
            peaks,
            totals,
            self.tables.shape[1],
            self.scale,
            HEADS=heads,
            KEY_HEADS=key_heads,
            KEY_DIM=key_dim,
            VALUE_DIM=value_dim,
            KEY_PAD=max(triton.next_power_of_2(key_dim), LEAST),
            VALUE_PAD=max(triton.next_power_of_2(value_dim), LEAST),
            BLOCK=block,
            ROWS=max(triton.next_power_of_2(tokens * heads // key_heads), LEAST),
            KEYS=KEYS,
            SPLITS=splits,
            WINDOW=self.window,
            SOFTCAP=self.softcap,
        )


def table_attention(cache: PagedCache, spans: Sequence[Span], device: torch.device) -> TableAttention:
    width = max(len(span.blocks) for span in spans)
    tables = [[*span.blocks, *[0] * (width - len(span.blocks))] for span in spans]  # the rest is not read
    single: list[tuple[int, int, int, int]] = []
    long: list[tuple[int, int, int, int]] = []
    for number, span in enumerate(spans):
        start = span.end - span.count
        if span.count == 1:
            single.append((number, span.row, 1, start))
            continue
        for offset in range(0, span.count, TOKENS):
            long.append((number, span.row + offset, min(TOKENS, span.count - offset), start + offset))
    slots = [place for span in spans for place in span.slots(cache.block_size)]
    return TableAttention(
        cache,
        torch.tensor(slots).to(device),
        _int32(tables, device),
        _int32(single, device) if single else None,
        _int32(long, device) if long else None,
    )


def _int32(numbers: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    return torch.tensor(numbers, dtype=torch.int32).to(device)
