"""Adapters by token through the kernels: a batch's tiles, and what they add to a layer's output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from openlora.ops.kernels.expand import expand
from openlora.ops.kernels.shrink import shrink
from openlora.ops.segments import Group, Pool, apply_gains

LONG, SHORT = 32, 8  # tokens of a tile; groups of fewer than SHORT are taken token by token
RANKS = 16  # looked at together: the smallest that the matrix units take
STEP, COLUMNS = 256, 256  # columns of A, and of B and the output
SPLITS = 8  # the most shares of a row of A: enough programs for a few tokens to fill a device


@dataclass(frozen=True)
class TileAdapters:
    """What the linear layers add to each token of one packed batch.

    Pools are read where they lie, rank rows of each token's own adapter only: nothing is padded to another
    adapter's rank. Sums are float32 and are rounded once, with the base's.
    """

    pools: Mapping[str, Pool]
    single: Tensor | None  # int32 [tiles, 4] of one token each
    long: Tensor | None  # of up to LONG tokens each
    width: int  # the most ranks of a tile
    gains: Sequence[tuple[slice, Mapping[str, Tensor]]] = ()

    def add(self, layer: str, bias: Tensor | None, x: Tensor, y: Tensor) -> Tensor:
        """x [1, tokens, in] and the base's y [1, tokens, out], which is changed in place."""
        pool = self.pools.get(layer)
        if pool is None:
            return y
        read, written = x.reshape(-1, x.shape[-1]).contiguous(), y.view(-1, y.shape[-1])
        apply_gains(self.gains, layer, bias, written)
        for tiles, tokens in ((self.single, 1), (self.long, LONG)):
            if tiles is not None:
                _add(read, pool, written, tiles, tokens, self.width)
        return y


def _add(x: Tensor, pool: Pool, y: Tensor, tiles: Tensor, tokens: int, width: int) -> None:
    rows, inside, outside = len(x), x.shape[1], y.shape[1]
    splits = min(SPLITS, -(-inside // STEP))
    shrunk = torch.empty(splits, rows, width, dtype=torch.float32, device=x.device)
    sizes: dict[str, Any] = {"TOKENS": tokens, "RANKS": RANKS, "SPLITS": splits}
    shrink[(len(tiles), splits)](x, pool.a, shrunk, tiles, rows, width, INSIDE=inside, STEP=STEP, **sizes)
    grid = (len(tiles), -(-outside // COLUMNS))
    expand[grid](shrunk, pool.b, y, tiles, rows, width, OUTSIDE=outside, COLUMNS=COLUMNS, **sizes)


def tile_adapters(
    pools: Mapping[str, Pool],
    groups: Sequence[Group],
    gains: Sequence[tuple[slice, Mapping[str, Tensor]]],
    device: torch.device,
) -> TileAdapters:
    single: list[tuple[int, int, int, int]] = []
    long: list[tuple[int, int, int, int]] = []
    for group in groups:
        is_short = group.tokens.stop - group.tokens.start < SHORT
        (single if is_short else long).extend(_cut(group, 1 if is_short else LONG))
    return TileAdapters(
        pools,
        torch.tensor(single, dtype=torch.int32).to(device) if single else None,
        torch.tensor(long, dtype=torch.int32).to(device) if long else None,
        padded(max((tile[3] for tile in single + long), default=0)),
        gains,
    )


def padded(ranks: int) -> int:
    return -(-ranks // RANKS) * RANKS


def _cut(group: Group, tokens: int) -> Iterator[tuple[int, int, int, int]]:
    for first in range(group.tokens.start, group.tokens.stop, tokens):
        count = min(tokens, group.tokens.stop - first)
        yield first, count, group.ranks.start, group.ranks.stop - group.ranks.start
