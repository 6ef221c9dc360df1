"""A step of the model: chunks of many requests packed into one batch, or alone where the model cannot."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Chunks
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from openlora.adapters.arrival import arriving
from openlora.adapters.slots import Slot, Slots
from openlora.engine.decode_steps import DecodeSteps
from openlora.engine.grounding import cache_with, joined
from openlora.engine.scheduler import Chunk
from openlora.engine.sequence import Sequence
from openlora.models.base import BaseModel
from openlora.ops.attention import PagedCache, Span, paged
from openlora.ops.lora import LoraWeights
from openlora.ops.operators import Operators, Row
from openlora.ops.segments import Group, TokenAdapters


class ModelRunner:
    """`cache` and `slots`: None where the model's layers do not read them (engine/probe.py).

    `copies`: whether what passages were read into can be copied into the paged cache. `weights` gives the
    adapter of a request that is computed alone. `steps`: None where none are recorded.
    """

    def __init__(
        self,
        base: BaseModel,
        cache: PagedCache | None,
        slots: Slots | None,
        copies: bool,
        weights: Callable[[Sequence], LoraWeights | None],
        operators: Operators,
        steps: DecodeSteps | None = None,
    ) -> None:
        self._base = base
        self._cache = cache
        self._slots = slots
        self._copies = copies
        self._weights = weights
        self._operators = operators
        self._steps = steps

    def clear(self, blocks: Chunks[int]) -> None:
        """Of what they held before."""
        if self._base.leader is not None:
            self._base.leader.clear(blocks)
        if self._cache is not None and self._operators.reads_the_unwritten:
            self._cache.clear(blocks)

    @torch.no_grad()
    def run(self, chunks: Chunks[Chunk]) -> list[tuple[Chunk, Tensor]]:
        """Compute the chunks; logits [vocabulary] of those after which a token is chosen."""
        alone = [chunk for chunk in chunks if self._is_alone(chunk)]
        packed = [chunk for chunk in chunks if not self._is_alone(chunk)]
        found = [(chunk, self._alone(chunk)) for chunk in alone]
        answers = [(chunk, logits) for chunk, logits in found if chunk.is_last]
        return answers + (self._packed(self._cache, packed) if packed and self._cache is not None else [])

    def _is_alone(self, chunk: Chunk) -> bool:
        return self._cache is None or (chunk.sequence.grounding is not None and not self._copies)

    def _packed(self, cache: PagedCache, chunks: Chunks[Chunk]) -> list[tuple[Chunk, Tensor]]:
        for chunk in chunks:
            self._place(cache, chunk.sequence)
        ordered = sorted(chunks, key=_rank)
        if self._steps is not None and all(chunk.count == 1 and not _gains(chunk) for chunk in ordered):
            rows = [_row(chunk) for chunk in ordered]
            if self._steps.fits(rows):
                for slot in _slots(ordered):
                    slot.arrive()
                logits = self._steps.run(rows)
                return [(chunk, row) for chunk, row in zip(ordered, logits, strict=True) if chunk.is_last]
        ids = [token for chunk in ordered for token in _tokens(chunk)]
        positions = [
            chunk.sequence.position(place)
            for chunk in ordered
            for place in range(chunk.start, chunk.start + chunk.count)
        ]
        with paged(self._base), self._base.switch.use_by_token(self._adapters(ordered)):
            hidden = self._base.body(
                input_ids=self._tensor([ids]),
                position_ids=self._tensor([positions]),
                use_cache=False,
                paged=self._operators.attention(cache, _spans(ordered)),
            ).last_hidden_state[0]
        ends = torch.tensor([chunk.count for chunk in ordered]).cumsum(0) - 1
        last = [number for number, chunk in enumerate(ordered) if chunk.is_last]
        if not last:
            return []
        logits = self._base.logits(hidden[ends[last].to(self._base.device)])  # [answers, vocabulary]
        return [(ordered[number], row) for number, row in zip(last, logits, strict=True)]

    def _alone(self, chunk: Chunk) -> Tensor:
        """Logits [vocabulary] after the chunk, by a cache of the request's own."""
        sequence, base = chunk.sequence, self._base
        if sequence.cache is None:
            sequence.cache = DynamicCache(config=base.model.config)
            if sequence.grounding is not None:
                sequence.cache = cache_with(base, sequence.grounding, range(len(sequence.grounding.passages)))
        placed: dict[str, Tensor] = {}
        if sequence.grounding is not None:
            places = range(chunk.start, chunk.start + chunk.count)
            placed["position_ids"] = self._tensor([[sequence.position(place) for place in places]])
        with base.switch.use(self._weights(sequence)):
            hidden = base.body(
                input_ids=self._tensor([_tokens(chunk)]),
                past_key_values=sequence.cache,
                use_cache=True,
                **placed,
            ).last_hidden_state
        return base.logits(hidden[0, -1])

    def _adapters(self, chunks: Chunks[Chunk]) -> TokenAdapters:
        """Of the chunks, which are ordered by where these lie."""
        pools = {} if self._slots is None else self._slots.pools
        groups: list[Group] = []
        gains = []
        row, before = 0, None
        for chunk in chunks:
            slot, end = _slot(chunk), row + chunk.count
            if slot is not None:
                start = groups.pop().tokens.start if slot is before else row
                parts = () if chunk.lease is None else chunk.lease.choice.parts
                groups.append(Group(slice(start, end), slot.ranks, parts))
                if slot.gains:
                    gains.append((slice(row, end), slot.gains))
            row, before = end, slot
        slots, adapters = _slots(chunks), self._operators.adapters(pools, groups, gains)
        if self._base.leader is None:
            return arriving(adapters, slots)
        for slot in slots:  # the other shards are told the plan as it stands
            slot.arrive()
        return adapters

    def _place(self, cache: PagedCache, sequence: Sequence) -> None:
        """Copy what was read of passages apart into the blocks of the request that asks about them."""
        if sequence.grounding is None or sequence.computed >= sequence.given:
            return
        size = cache.block_size
        slots = self._tensor(
            [sequence.blocks[place // size] * size + place % size for place in range(sequence.given)]
        )
        for layer, (keys, values) in enumerate(joined(sequence.grounding)):
            cache.write(layer, slots, keys[0].transpose(0, 1), values[0].transpose(0, 1))

    def _tensor(self, values: Any) -> Tensor:
        return torch.tensor(values, device=self._base.device)


def _slot(chunk: Chunk) -> Slot | None:
    return None if chunk.lease is None else chunk.lease.slot


def _rank(chunk: Chunk) -> tuple[bool, int]:
    """Order of the tokens: as the adapters lie in the pools, the base's last."""
    slot = _slot(chunk)
    return (slot is None, 0 if slot is None else slot.ranks.start)


def _tokens(chunk: Chunk) -> list[int]:
    return chunk.sequence.all_tokens[chunk.start : chunk.start + chunk.count]


def _slots(chunks: Chunks[Chunk]) -> list[Slot]:
    return [slot for slot in map(_slot, chunks) if slot is not None]


def _gains(chunk: Chunk) -> bool:
    slot = _slot(chunk)
    return slot is not None and bool(slot.gains)


def _row(chunk: Chunk) -> Row:
    sequence, slot = chunk.sequence, _slot(chunk)
    return Row(
        _tokens(chunk)[0],
        sequence.position(chunk.start),
        chunk.start + 1,
        sequence.blocks,
        slice(0, 0) if slot is None else slot.ranks,
    )


def _spans(chunks: Chunks[Chunk]) -> list[Span]:
    spans, row = [], 0
    for chunk in chunks:
        spans.append(Span(row, chunk.count, chunk.start + chunk.count, chunk.sequence.blocks))
        row += chunk.count
    return spans
