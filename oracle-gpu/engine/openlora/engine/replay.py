"""An answer read again by the engine: at each token, would it have chosen the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from openlora.engine.chooser import Chooser
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.grounding import Grounding, read_answer, read_parts
from openlora.engine.guide import Guide
from openlora.engine.logprobs import Logprobs
from openlora.engine.sampling import Sampling
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraWeights

HEAD_CHUNK = 128  # positions whose logits are held at once: 25 MB of float32 at 49,152 tokens


@dataclass(frozen=True)
class Asked:
    """A finished answer and what it was generated with."""

    prompt: Sequence[int]
    tokens: Sequence[int]
    sampling: Sampling
    guide: Guide | None = None


@torch.no_grad()
def replay(
    base: BaseModel,
    weights: LoraWeights | None,
    asked: Asked,
    tokenizer: Any,
    grounding: Grounding | None = None,
) -> list[dict[str, Any]]:
    """Teacher-forces the answer in one forward pass; what this engine chooses at each token.

    With `grounding` after its passages, which are read into it; the prompt's tokens are then its layout's.

    `gap`: by how many nats the difference of two of the model's logits must change at least for the engine
    to choose the answer's token. Rank counts from 1 and logprob is at temperature 1, both over the whole
    vocabulary.
    """
    chooser = Chooser(asked.sampling, asked.prompt, asked.guide)
    found: list[dict[str, Any]] = []
    with base.switch.use(weights):
        hidden = _states(base, asked, grounding)
        for start in range(0, len(asked.tokens), HEAD_CHUNK):
            chunk = asked.tokens[start : start + HEAD_CHUNK]
            logits = base.logits(hidden[start : start + len(chunk)])  # [chunk, vocabulary]
            for token, row in zip(chunk, logits, strict=True):
                found.append(_describe(row, token, chooser, tokenizer))
    return found


@torch.no_grad()
def score(
    base: BaseModel, weights: LoraWeights | None, tokens: Sequence[int], logprobs: Logprobs
) -> list[dict[str, Any]]:
    """How likely each token of a text is after those before it; of the first nothing is known."""
    found = [logprobs.name(tokens[0])]
    if len(tokens) == 1:
        return found
    with base.switch.use(weights):
        ids = torch.tensor([list(tokens[:-1])], device=base.device)  # [1, tokens − 1]
        hidden = base.body(input_ids=ids, use_cache=False).last_hidden_state[0]
        for start in range(0, len(hidden), HEAD_CHUNK):
            logits = base.logits(hidden[start : start + HEAD_CHUNK])  # [chunk, vocabulary]
            following = tokens[start + 1 : start + 1 + len(logits)]
            found += [logprobs.tell(row, token) for row, token in zip(logits, following, strict=True)]
    return found


def _states(base: BaseModel, asked: Asked, grounding: Grounding | None) -> Tensor:
    """[answer, width]: each predicts one token."""
    if grounding is not None:
        for _ in read_parts(base, grounding):
            pass
        return read_answer(base, grounding, range(len(grounding.passages)), asked.tokens)
    ids = torch.tensor([[*asked.prompt, *asked.tokens[:-1]]], device=base.device)  # [1, tokens]
    hidden: Tensor = base.body(input_ids=ids, use_cache=False).last_hidden_state[0]
    return hidden[len(asked.prompt) - 1 :]


def _describe(logits: Tensor, token: int, chooser: Chooser, tokenizer: Any) -> dict[str, Any]:
    judged = chooser.judge(logits, token)
    return {
        "tokenId": token,
        "text": _text(tokenizer, token),
        "isChosen": judged.chosen == token,
        "chosen": {"tokenId": judged.chosen, "text": _text(tokenizer, judged.chosen)},
        "rank": int((logits > logits[token]).sum()) + 1,
        "logprob": float(torch.log_softmax(logits.float(), dim=-1)[token]),
        "gap": judged.gap,
    }


def _text(tokenizer: Any, token: int) -> str:
    text: str = tokenizer.decode([token], skip_special_tokens=False)
    return text


def spell(tokenizer: Any, tokens: Sequence[int], end_token: int, stop: list[str]) -> tuple[str, int | None]:
    """The text that serving makes of these tokens, and at which of them it ends (none: not within them)."""
    detokenizer = Detokenizer(tokenizer, stop)
    for index, token in enumerate(tokens):
        detokenizer.push(token)
        ended = token == end_token or detokenizer.stopped
        if ended or index == len(tokens) - 1:
            detokenizer.finish()
            return detokenizer.text, index if ended or detokenizer.stopped else None
    return "", None
