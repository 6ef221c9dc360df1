"""Which tokens a draw may give, and which can get in or out when the differences between logits change.

Each filter looks at the whole distribution. `admits` and `expels` ask about logits whose differences change
by some nats at most, as favourably as that allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Nucleus:
    """The smallest set of likeliest tokens whose mass reaches top_p."""

    rising: Tensor  # logits [vocabulary]
    above: Tensor  # [vocabulary + 1]: weight of the tokens from that place on, in that order
    top_p: float

    @classmethod
    def of(cls, logits: Tensor, top_p: float) -> Nucleus:
        rising = logits.double().sort().values
        weights = (rising - rising[-1]).exp()
        above = torch.cat([weights.flip(0).cumsum(0).flip(0), weights.new_zeros(1)])
        return cls(rising, above, top_p)

    def admits(self, logit: Tensor, nats: float) -> bool:
        """All that stay ahead of the token lose as much as they can to the rest."""
        ahead = self.above[torch.searchsorted(self.rising, logit.double() + nats, right=True)]
        return bool(self._mass(ahead, -nats) < self.top_p)

    def expels(self, logits: Tensor, nats: float) -> Tensor:
        """Which of them can get outside: all that can get ahead of one gain as much as they can. [logits]"""
        own = (logits.double() - self.rising[-1]).exp() if nats > 0 else 0.0
        ahead = self.above[torch.searchsorted(self.rising, logits.double() - nats, right=True)] - own
        return self._mass(ahead, nats) >= self.top_p

    def _mass(self, weight: Tensor, nats: float) -> Tensor:
        moved = weight * math.exp(nats)
        return moved / (moved + self.above[0] - weight)


@dataclass(frozen=True)
class Ranked:
    """The `most` likeliest tokens."""

    rising: Tensor  # logits [vocabulary]
    most: int

    @classmethod
    def of(cls, logits: Tensor, most: int) -> Ranked:
        return cls(logits.double().sort().values, most)

    def admits(self, logit: Tensor, nats: float) -> bool:
        """Fewer than `most` stay ahead."""
        place = torch.searchsorted(self.rising, logit.double() + nats, right=True)
        return bool(len(self.rising) - place < self.most)

    def expels(self, logits: Tensor, nats: float) -> Tensor:
        """Of which `most` others can get ahead. [logits]"""
        place = torch.searchsorted(self.rising, logits.double() - nats, right=False)
        return len(self.rising) - place - 1 >= self.most


@dataclass(frozen=True)
class Likeliest:
    """The tokens that are at least `share` times as likely as the likeliest."""

    best: Tensor  # the two greatest logits [2]
    share: float

    @classmethod
    def of(cls, logits: Tensor, share: float) -> Likeliest:
        return cls(logits.double().topk(2).values, share)

    def admits(self, logit: Tensor, nats: float) -> bool:
        return bool(logit.double() + nats >= self.best[0] + math.log(self.share))

    def expels(self, logits: Tensor, nats: float) -> Tensor:
        """Which can fall behind the likeliest of the others. [logits]"""
        given = logits.double()
        other = torch.where(given >= self.best[0], self.best[1], self.best[0])
        return given - nats < other + math.log(self.share)
