"""What becomes of a step's logits: a token is chosen, spelt and sent out."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from openlora.engine.sampler import sample
from openlora.engine.sequence import Sequence


def accept(sequence: Sequence, logits: Tensor, end_token: int) -> dict[str, Any] | None:
    """Choose the next token by logits [vocabulary] and emit it; what ends the answer gives the last event."""
    token = sample(logits, sequence.temperature, sequence.top_p, sequence.generator)
    index = len(sequence.tokens)
    sequence.tokens.append(token)
    text = sequence.detokenizer.push(token)
    stopped = token == end_token or sequence.detokenizer.stopped
    finished = stopped or len(sequence.tokens) >= sequence.max_tokens
    if finished:
        text += sequence.detokenizer.finish()
        stopped = stopped or sequence.detokenizer.stopped
    sequence.emit("token", {"index": index, "tokenId": token, "text": text})
    if not finished:
        return None
    return {
        "text": sequence.detokenizer.text,
        "promptTokenIds": sequence.prompt,
        "tokenIds": sequence.tokens,
        "finishReason": "stop" if stopped else "length",
        "passages": None,
    }
