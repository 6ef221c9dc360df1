"""What a caller asks of the choice of tokens, beside the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sampling:
    """Settings of one answer, in the order in which they act on its logits."""

    temperature: float = 0.0  # 0: the likeliest token
    top_p: float = 1.0
    seed: int = 0
    logit_bias: Mapping[int, float] = field(default_factory=dict)  # nats added, by token
    repetition_penalty: float = 1.0  # what stood in prompt or answer: logits above 0 ÷ it, those below × it
    frequency_penalty: float = 0.0  # nats for each time that a token stands in the answer
    presence_penalty: float = 0.0  # nats for a token that stands in the answer
    top_k: int = 0  # 0: any number
    min_p: float = 0.0  # share of the likeliest token's probability

    @property
    def stretch(self) -> float:
        """By how much the penalties can widen a difference of logits."""
        return max(self.repetition_penalty, 1 / self.repetition_penalty)
