"""Adapters by token: which ranks of the packed pools each token of a batch adds (reference operators).

All adapters on the device lie in one pool for each layer, rank under rank, none padded to another's rank. A
batch's tokens are ordered like the pool, so that neighbouring adapters can share one product under a mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

OVERHEAD = 1_024  # what one more product costs, in products of a token with a rank


@dataclass(frozen=True)
class Pool:
    """One layer's adapters: y += (x · aᵀ, zero at ranks that are not the token's) · b. All is finite."""

    a: Tensor  # [ranks, in]
    b: Tensor  # [ranks, out], times the adapter's scale


@dataclass(frozen=True)
class Group:
    """Tokens of one adapter, and where its ranks lie in the pools."""

    tokens: slice
    ranks: slice
    parts: tuple[tuple[str, int], ...] = ()  # the adapter, as a request names it (adapters/cache.py)


@dataclass(frozen=True)
class Segment:
    tokens: slice
    ranks: slice
    # [tokens, ranks]: where a token does not have a rank; None: every token has all of these. Filled, not
    # multiplied: an adapter so large that its products overflow must not reach its neighbours.
    others: Tensor | None


@dataclass(frozen=True)
class TokenPlan:
    """What the linear layers add to each token of one packed batch."""

    pools: Mapping[str, Pool]  # by layer; a layer that no adapter changes has none
    segments: Sequence[Segment]
    gains: Sequence[tuple[slice, Mapping[str, Tensor]]] = ()  # DoRA: tokens and, by layer, float32 [out]
    groups: Sequence[Group] = ()  # that the segments were made of

    def add(self, layer: str, bias: Tensor | None, x: Tensor, y: Tensor) -> Tensor:
        """x [1, tokens, in] and the base's y [1, tokens, out], which is changed in place."""
        pool = self.pools.get(layer)
        if pool is None:
            return y
        read, written = x.reshape(-1, x.shape[-1]), y.view(-1, y.shape[-1])
        for tokens, gains in self.gains:
            gain = gains.get(layer)
            if gain is not None:
                part = written[tokens]
                part.copy_(part * gain if bias is None else part * gain + bias * (1 - gain))
        for segment in self.segments:
            shrunk = read[segment.tokens] @ pool.a[segment.ranks].T
            if segment.others is not None:
                shrunk.masked_fill_(segment.others, 0)
            written[segment.tokens].addmm_(shrunk, pool.b[segment.ranks])
        return y


def divide(groups: Sequence[Group], device: torch.device) -> list[Segment]:
    """The cheapest division of groups, ordered by token and by rank, into products."""
    best: list[tuple[int, int]] = [(0, 0)]  # of the first n groups: cost, and where the last segment begins
    for end in range(1, len(groups) + 1):
        best.append(
            min(
                (best[start][0] + OVERHEAD + _size(groups[start], groups[end - 1]), start)
                for start in range(end)
            )
        )
    segments: list[Segment] = []
    end = len(groups)
    while end:
        start = best[end][1]
        segments.append(_join(groups[start:end], device))
        end = start
    return segments[::-1]


def _size(first: Group, last: Group) -> int:
    size: int = (last.tokens.stop - first.tokens.start) * (last.ranks.stop - first.ranks.start)
    return size


def _join(groups: Sequence[Group], device: torch.device) -> Segment:
    tokens = slice(groups[0].tokens.start, groups[-1].tokens.stop)
    ranks = slice(groups[0].ranks.start, groups[-1].ranks.stop)
    if len(groups) == 1:
        return Segment(tokens, ranks, None)
    others = torch.ones(tokens.stop - tokens.start, ranks.stop - ranks.start, dtype=torch.bool)
    for group in groups:
        rows = slice(group.tokens.start - tokens.start, group.tokens.stop - tokens.start)
        others[rows, group.ranks.start - ranks.start : group.ranks.stop - ranks.start] = False
    return Segment(tokens, ranks, others.to(device))
