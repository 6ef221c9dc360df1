"""The choice of one answer's tokens: as it is made, and as a replay makes it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from openlora.engine.guide import Guide
from openlora.engine.sampler import FAR, Race
from openlora.engine.sampling import Sampling


@dataclass(frozen=True)
class Judged:
    """What is chosen where a given token stands, and how far that one is from it (nats of logits)."""

    chosen: int
    gap: float


class Chooser:
    """Knows which tokens came before, so that penalties and grammar apply; one for each answer."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int], guide: Guide | None = None) -> None:
        self._sampling = sampling
        self._guide = guide
        self._generator = torch.Generator().manual_seed(sampling.seed)
        self._counts: Counter[int] = Counter()  # of the answer
        self._seen = set(prompt) if sampling.repetition_penalty != 1 else set()

    def choose(self, logits: Tensor) -> int:
        """The next token, from the model's logits [vocabulary]."""
        adjusted = self._adjust(logits)
        token = int(adjusted.argmax()) if self._sampling.temperature == 0 else self._race(adjusted).winner
        self._follow(token)
        return token

    def judge(self, logits: Tensor, token: int) -> Judged:
        """As `choose`, but led on to `token`, whatever is chosen."""
        adjusted = self._adjust(logits)
        if self._sampling.temperature == 0:
            chosen = int(adjusted.argmax())
            gap = min(FAR, float(adjusted.float().max() - adjusted[token].float()))
        else:
            race = self._race(adjusted)
            chosen = race.winner
            gap = 0.0 if chosen == token else race.gap(token)
        self._follow(token)
        return Judged(chosen, gap / self._sampling.stretch)

    def _race(self, adjusted: Tensor) -> Race:
        of = self._sampling
        return Race.run(adjusted, of.temperature, of.top_p, self._generator, of.top_k, of.min_p)

    def _adjust(self, logits: Tensor) -> Tensor:
        """[vocabulary]: with what the settings add to and take from the model's own."""
        of = self._sampling
        counts: Mapping[int, int] = self._counts if of.frequency_penalty or of.presence_penalty else {}
        if not (of.logit_bias or counts or self._seen or self._guide):
            return logits
        adjusted = logits.detach().float().cpu().clone()
        if of.logit_bias:
            tokens, biases = _columns(of.logit_bias)
            adjusted[tokens] += biases
        if self._seen:
            seen = torch.tensor(sorted(self._seen))
            values = adjusted[seen]
            adjusted[seen] = torch.where(
                values > 0, values / of.repetition_penalty, values * of.repetition_penalty
            )
        if counts:
            tokens, times = _columns(counts)
            adjusted[tokens] -= times * of.frequency_penalty + of.presence_penalty
        if self._guide is not None:
            adjusted = self._guide.mask(adjusted)
        return adjusted

    def _follow(self, token: int) -> None:
        self._counts[token] += 1
        if self._sampling.repetition_penalty != 1:
            self._seen.add(token)
        if self._guide is not None:
            self._guide.follow(token)


def _columns(numbers: Mapping[int, float]) -> tuple[Tensor, Tensor]:
    """Tokens [n] and what belongs to each [n]."""
    return torch.tensor(list(numbers)), torch.tensor(list(numbers.values()), dtype=torch.float32)
