"""Choosing the next token."""

from __future__ import annotations

import torch
from torch import Tensor


def sample(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """Next token id from logits [vocabulary]; greedy at temperature 0, else seeded nucleus sampling."""
    if temperature == 0:
        return int(logits.argmax())
    probabilities = torch.softmax(logits.float().cpu() / temperature, dim=-1)
    if top_p < 1:
        ordered, order = probabilities.sort(descending=True, stable=True)
        # Keep the smallest set whose mass reaches top_p, and always the most likely token.
        outside = ordered.cumsum(0) - ordered >= top_p
        outside[0] = False
        probabilities[order[outside]] = 0
    return int(torch.multinomial(probabilities, 1, generator=generator))
