"""Choosing the next token, and saying how near another one was to being chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from openlora.engine.filters import Likeliest, Nucleus, Ranked

FAR = 64.0  # nats of logits: beyond it a token is simply far
HALVINGS = 30


@dataclass(frozen=True)
class Race:
    """Each token takes an exponential time of rate p; the first one to arrive is distributed as p.

    A draw takes the same random numbers whatever p is. So whoever redoes it token by token, led back to the
    given token after each difference, stays in step with it.
    """

    logits: Tensor  # [vocabulary], ÷ temperature, on the CPU; −∞ where nothing can be drawn
    scores: Tensor  # [vocabulary]: log p − log time; the greatest is the first to arrive
    temperature: float
    top_p: float
    top_k: int = 0  # 0: any number
    min_p: float = 0.0  # 0: any probability

    @classmethod
    def run(
        cls,
        logits: Tensor,
        temperature: float,
        top_p: float,
        generator: torch.Generator,
        top_k: int = 0,
        min_p: float = 0.0,
    ) -> Race:
        scaled = logits.float().cpu() / temperature
        times = torch.empty_like(scaled).exponential_(1, generator=generator)
        scores = torch.log_softmax(scaled, dim=-1) - times.log()
        return cls(scaled, scores, temperature, top_p, top_k, min_p)

    @property
    def winner(self) -> int:
        """The first to arrive of the tokens that all filters keep, each looking at the whole distribution."""
        if self.top_p == 1 and self.top_k == 0 and self.min_p == 0:
            return int(self.scores.argmax())
        ordered, order = torch.softmax(self.logits, dim=-1).sort(descending=True, stable=True)
        # The smallest set whose mass reaches top_p, and always the most likely token.
        outside = ordered.cumsum(0) - ordered >= self.top_p
        outside |= ordered < self.min_p * ordered[0]
        if self.top_k:
            outside[self.top_k :] = True
        outside[0] = False
        return int(self.scores.index_fill(0, order[outside], -math.inf).argmax())

    def gap(self, token: int) -> float:
        """By how many nats at least the differences between logits must change for `token` to be drawn."""
        if self.logits[token] == -math.inf:
            return FAR
        filters = self._filters()
        lead = self.scores - self.scores[token]

        def is_enough(nats: float) -> bool:
            faster = self.logits[lead > nats]
            if len(faster) == 0 and not filters:
                return True
            if not all(each.admits(self.logits[token], nats) for each in filters):
                return False
            expelled = torch.zeros(len(faster), dtype=torch.bool)
            for each in filters:
                expelled |= each.expels(faster, nats)
            return bool(expelled.all())

        return self.temperature * _smallest(is_enough)

    def _filters(self) -> list[Nucleus | Ranked | Likeliest]:
        filters: list[Nucleus | Ranked | Likeliest] = []
        if self.top_p < 1:
            filters.append(Nucleus.of(self.logits, self.top_p))
        if self.top_k:
            filters.append(Ranked.of(self.logits, self.top_k))
        if self.min_p:
            filters.append(Likeliest.of(self.logits, self.min_p))
        return filters


def _smallest(is_enough: Callable[[float], bool]) -> float:
    """Where a condition that rises with its argument begins to hold, within 0…FAR."""
    low, high = 0.0, FAR
    if is_enough(low):
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
