"""A decode step's numbers in places that never change, so that a recorded step reads new ones there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from openlora.ops.attention import PagedCache
from openlora.ops.kernels.adapters import TileAdapters
from openlora.ops.kernels.attention import TableAttention
from openlora.ops.operators import Row, Shape
from openlora.ops.segments import Pool


class DecodeBuffers:
    """One new token in each of `shape.rows` rows. Rows that nobody needs compute token 0 of a block of
    nobody's, the cache's last, so that nothing in them is undefined."""

    def __init__(
        self, shape: Shape, cache: PagedCache, pools: Mapping[str, Pool], device: torch.device
    ) -> None:
        self._shape = shape
        self._size = cache.block_size
        self._spare = cache.keys[0].shape[0] - 1
        rows, blocks = shape.rows, shape.blocks
        is_pinned = device.type == "cuda"  # then copies need not be waited for
        self._tokens = torch.zeros(3, rows, dtype=torch.int64, pin_memory=is_pinned)
        self._tiles = torch.zeros((8 + blocks) * rows, dtype=torch.int32, pin_memory=is_pinned)
        self._copied = torch.cuda.Event() if is_pinned else None  # type: ignore[no-untyped-call]
        self._tokens_there = self._tokens.to(device)
        self._tiles_there = self._tiles.to(device)
        attention, adapters, tables = _parts(self._tiles_there, shape)
        self.ids = self._tokens_there[0][None]  # [1, rows]
        self.positions = self._tokens_there[1][None]
        self.attention = TableAttention(cache, self._tokens_there[2], tables, attention, None)
        self.adapters = TileAdapters(pools, adapters, None, shape.ranks)
        self.fill([])

    def fill(self, rows: Sequence[Row]) -> None:
        of = self._shape
        if self._copied is not None:
            self._copied.synchronize()  # before what is copied from is written again
        unused = of.rows - len(rows)
        self._tokens.copy_(
            torch.tensor([
                [row.token for row in rows] + [0] * unused,
                [row.position for row in rows] + [0] * unused,
                [self._slot(row) for row in rows] + [self._spare * self._size] * unused,
            ])
        )  # fmt: skip
        attention, adapters, tables = _parts(self._tiles, of)
        attention.copy_(
            torch.tensor([
                [number, number, 1, rows[number].end - 1 if number < len(rows) else 0]
                for number in range(of.rows)
            ])
        )  # fmt: skip
        ranks = [row.ranks for row in rows] + [slice(0, 0)] * unused
        adapters.copy_(
            torch.tensor([[number, 1, at.start, at.stop - at.start] for number, at in enumerate(ranks)])
        )
        for number, row in enumerate(rows):
            tables[number, : len(row.blocks)] = torch.tensor(row.blocks, dtype=torch.int32)
        tables[len(rows) :, 0] = self._spare
        self._tokens_there.copy_(self._tokens, non_blocking=True)
        self._tiles_there.copy_(self._tiles, non_blocking=True)
        if self._copied is not None:
            self._copied.record()

    def _slot(self, row: Row) -> int:
        place = row.end - 1
        return row.blocks[place // self._size] * self._size + place % self._size


def _parts(numbers: Tensor, shape: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Tiles of attention [rows, 4], of adapters [rows, 4], and tables [rows, blocks]."""
    rows, tiles = shape.rows, 4 * shape.rows
    return (
        numbers[:tiles].view(rows, 4),
        numbers[tiles : 2 * tiles].view(rows, 4),
        numbers[2 * tiles :].view(rows, shape.blocks),
    )
