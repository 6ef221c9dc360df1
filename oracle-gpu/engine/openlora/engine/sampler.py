"""Choosing the next token, and saying how near another one was to being chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

FAR = 64.0  # nats of scaled logits: beyond it a token is simply far
HALVINGS = 30


def sample(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """Next token id from logits [vocabulary]; greedy at temperature 0, else seeded nucleus sampling."""
    if temperature == 0:
        return int(logits.argmax())
    return Race.run(logits, temperature, top_p, generator).winner


@dataclass(frozen=True)
class Race:
    """Each token takes an exponential time of rate p; the first one to arrive is distributed as p.

    A draw takes the same random numbers whatever p is. So whoever redoes it token by token, led back to the
    given token after each difference, stays in step with it.
    """

    logits: Tensor  # [vocabulary], ÷ temperature, on the CPU
    scores: Tensor  # [vocabulary]: log p − log time; the greatest is the first to arrive
    temperature: float
    top_p: float

    @classmethod
    def run(cls, logits: Tensor, temperature: float, top_p: float, generator: torch.Generator) -> Race:
        scaled = logits.float().cpu() / temperature
        times = torch.empty_like(scaled).exponential_(1, generator=generator)
        return cls(scaled, torch.log_softmax(scaled, dim=-1) - times.log(), temperature, top_p)

    @property
    def winner(self) -> int:
        if self.top_p == 1:
            return int(self.scores.argmax())
        # Keep the smallest set whose mass reaches top_p, and always the most likely token.
        ordered, order = torch.softmax(self.logits, dim=-1).sort(descending=True, stable=True)
        outside = ordered.cumsum(0) - ordered >= self.top_p
        outside[0] = False
        return int(self.scores.index_fill(0, order[outside], -math.inf).argmax())

    def gap(self, token: int) -> float:
        """By how many nats at least the differences between logits must change for `token` to be drawn."""
        nucleus = None if self.top_p == 1 else _Nucleus.of(self.logits, self.top_p)
        lead = self.scores - self.scores[token]

        def is_enough(nats: float) -> bool:
            faster = self.logits[lead > nats]
            if nucleus is None:
                return len(faster) == 0
            return nucleus.admits(self.logits[token], nats) and nucleus.expels(faster, nats)

        low, high = 0.0, FAR
        if is_enough(low):
            return 0.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if is_enough(middle) else (middle, high)
        return self.temperature * high


@dataclass(frozen=True)
class _Nucleus:
    """Which tokens can get inside or outside when the differences between logits change by some nats."""

    rising: Tensor  # logits [vocabulary]
    above: Tensor  # [vocabulary + 1]: weight of the tokens from that place on, in that order
    top_p: float

    @classmethod
    def of(cls, logits: Tensor, top_p: float) -> _Nucleus:
        rising = logits.double().sort().values
        weights = (rising - rising[-1]).exp()
        above = torch.cat([weights.flip(0).cumsum(0).flip(0), weights.new_zeros(1)])
        return cls(rising, above, top_p)

    def admits(self, logit: Tensor, nats: float) -> bool:
        """All that stay ahead of the token lose as much as they can to the rest."""
        ahead = self.above[torch.searchsorted(self.rising, logit.double() + nats, right=True)]
        return bool(self._mass(ahead, -nats) < self.top_p)

    def expels(self, logits: Tensor, nats: float) -> bool:
        """Whether each of them can get outside: all that can get ahead of it gain as much as they can."""
        own = (logits.double() - self.rising[-1]).exp() if nats > 0 else 0.0
        ahead = self.above[torch.searchsorted(self.rising, logits.double() - nats, right=True)] - own
        return bool((self._mass(ahead, nats) >= self.top_p).all())

    def _mass(self, weight: Tensor, nats: float) -> Tensor:
        moved = weight * math.exp(nats)
        return moved / (moved + self.above[0] - weight)
