"""How likely the model itself found tokens, before any setting of the choice."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from openlora.engine.vocabulary import Vocabulary

MOST = 20  # alternatives told of a token


class Logprobs:
    """Tells of tokens, at temperature 1 over the whole vocabulary."""

    def __init__(self, vocabulary: Vocabulary, top: int) -> None:
        self._vocabulary = vocabulary
        self._top = top

    def tell(self, logits: Tensor, token: int) -> dict[str, Any]:
        """Of `token`, from the logits [vocabulary] of its place; alternatives from the likeliest on."""
        found = torch.log_softmax(logits.float(), dim=-1)
        best = found.topk(self._top)
        return {
            **self._one(token, float(found[token])),
            "top": [
                self._one(other, value)
                for other, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
            ],
        }

    def name(self, token: int) -> dict[str, Any]:
        """A token of which nothing can be told: the first of a prompt."""
        return {**self._one(token, None), "top": []}

    def _one(self, token: int, logprob: float | None) -> dict[str, Any]:
        text, raw = self._vocabulary.spell(token)
        return {
            "tokenId": token,
            "token": text,
            "bytes": None if raw is None else list(raw),
            "logprob": logprob,
        }
