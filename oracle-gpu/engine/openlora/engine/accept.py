"""What becomes of a step's logits: a token is chosen, spelt and sent out."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from openlora.engine.sequence import Sequence


def accept(sequence: Sequence, logits: Tensor, end_token: int) -> dict[str, Any] | None:
    """Choose the next token by logits [vocabulary] and emit it; what ends the answer gives the last event."""
    token = sequence.chooser.choose(logits)
    index = len(sequence.tokens)
    sequence.tokens.append(token)
    text = sequence.detokenizer.push(token)
    ended = token == end_token
    stopped = ended or sequence.detokenizer.stopped
    finished = stopped or len(sequence.tokens) >= sequence.max_tokens
    if finished:
        text += sequence.detokenizer.finish()
        stopped = stopped or sequence.detokenizer.stopped
    event: dict[str, Any] = {"index": index, "tokenId": token, "text": text}
    if sequence.logprobs is not None and not ended:  # the end is no part of the text
        event["logprobs"] = sequence.logprobs.tell(logits, token)
    sequence.emit("token", event)
    if not finished:
        return None
    return {
        "text": sequence.detokenizer.text,
        "promptTokenIds": sequence.prompt,
        "tokenIds": sequence.tokens,
        "finishReason": "stop" if stopped else "length",
        "passages": None,
    }
