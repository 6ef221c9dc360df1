"""Reading passages apart from each other, and re-reading an answer with some of them left out.

Block-diagonal attention without a mask: each passage is read after the prefix only, and its keys and values
are kept; question and answer are then read after any choice of them. So leaving a passage out is exact, and
costs no more than the tokens of question and answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.rag.prompt import Layout
from openlora.rag.support import thousandths

READ_CHUNK = 512  # tokens read in a turn, so that the other requests go on
HEAD_CHUNK = 128  # positions whose logits are held at once

Block = list[tuple[Tensor, Tensor]]  # per layer keys and values [1, heads, tokens, dim]


@dataclass
class Grounding:
    """What is kept of a prompt's parts while its answer is generated and measured."""

    layout: Layout
    prefix: Block = field(default_factory=list)
    passages: list[Block] = field(default_factory=list)


def require_apart(base: BaseModel) -> None:
    """EngineError 400 by the family's name where passages cannot be read apart.

    Positions must be given to the model (rotary) and every layer must see all that came before.
    """
    if base.leader is not None:
        message = (
            "An engine of several shards reads no passages apart: ask without, or start it with one shard."
        )
        raise EngineError(400, "passages_unsupported", message)
    config = base.model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    inner = getattr(base.model, "model", None)
    if getattr(inner, "rotary_emb", None) is None or kinds != {"full_attention"} or window is not None:
        message = (
            f"Models of the family {config.model_type} cannot read passages apart: ask without passages."
        )
        raise EngineError(400, "passages_unsupported", message, family=config.model_type)


def read_parts(base: BaseModel, grounding: Grounding) -> Iterator[None]:
    """Fill in the blocks, a chunk at each step."""
    layout = grounding.layout
    for start in range(0, len(layout.prefix), READ_CHUNK):
        chunk = layout.prefix[start : start + READ_CHUNK]
        read = _read(base, [grounding.prefix] if start else [], chunk, start)
        grounding.prefix = _concatenate([grounding.prefix, read]) if start else read
        yield
    for tokens in layout.passages:
        start = layout.question_start - len(tokens)
        grounding.passages.append(_read(base, [grounding.prefix], tokens, start))
        yield


def joined(grounding: Grounding) -> Block:
    """The prefix and all passages, one after another."""
    return _concatenate([grounding.prefix, *grounding.passages])


def cache_with(base: BaseModel, grounding: Grounding, passages: Iterable[int]) -> DynamicCache:
    """A cache of the prefix and the passages given by their places."""
    return _cache(base, [grounding.prefix, *(grounding.passages[place] for place in passages)])


def read_answer(
    base: BaseModel, grounding: Grounding, passages: Iterable[int], answer: Sequence[int]
) -> Tensor:
    """States [answer, width] that predict each of its tokens after question and these passages."""
    layout = grounding.layout
    read = [*layout.question, *answer[:-1]]
    ids, positions = _inputs(base, read, layout.question_start)
    cache = cache_with(base, grounding, passages)
    states: Tensor = base.body(
        input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True
    ).last_hidden_state[0, len(layout.question) - 1 :]
    return states


def surprise(
    base: BaseModel, grounding: Grounding, passages: Iterable[int], answer: Sequence[int]
) -> list[int]:
    """Of each token of the answer after question and these passages, in thousandths of a nat."""
    hidden = read_answer(base, grounding, passages, answer)
    found: list[int] = []
    for start in range(0, len(answer), HEAD_CHUNK):
        wanted = torch.tensor(answer[start : start + HEAD_CHUNK], device=base.device)
        logits = base.logits(hidden[start : start + HEAD_CHUNK]).float()  # [chunk, vocabulary]
        chosen = torch.log_softmax(logits, dim=-1).gather(1, wanted.unsqueeze(1)).squeeze(1)
        found += [thousandths(value) for value in chosen.tolist()]
    return found


def _read(base: BaseModel, past: Sequence[Block], tokens: Sequence[int], start: int) -> Block:
    """Keys and values of these tokens, at positions from `start`, after what is in `past`."""
    ids, positions = _inputs(base, tokens, start)
    cache = _cache(base, past)
    known = cache.get_seq_length()
    base.body(input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True)
    return [(layer.keys[:, :, known:], layer.values[:, :, known:]) for layer in cache.layers]


def _inputs(base: BaseModel, tokens: Sequence[int], start: int) -> tuple[Tensor, Tensor]:
    ids = torch.tensor([list(tokens)], device=base.device)  # [1, tokens]
    return ids, torch.arange(start, start + len(tokens), device=base.device).unsqueeze(0)


def _cache(base: BaseModel, blocks: Sequence[Block]) -> Any:
    cache = DynamicCache(config=base.model.config)
    if blocks:
        for layer, (keys, values) in enumerate(_concatenate(blocks)):
            cache.update(keys, values, layer)
    return cache


def _concatenate(blocks: Sequence[Block]) -> Block:
    """The blocks' tokens one after another."""
    return [
        (
            torch.cat([keys for keys, _ in layer], dim=2),
            torch.cat([values for _, values in layer], dim=2),
        )
        for layer in zip(*blocks, strict=True)
    ]
