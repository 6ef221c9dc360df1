"""A step of the model: chunks of many requests packed into one batch, or alone where the model cannot."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Chunks
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from openlora.adapters.slots import Slot, Slots
from openlora.engine.grounding import cache_with, joined
from openlora.engine.scheduler import Chunk
from openlora.engine.sequence import Sequence
from openlora.models.base import BaseModel
from openlora.ops.attention import PagedBatch, PagedCache, Stretch, paged
from openlora.ops.lora import LoraWeights
from openlora.ops.segments import Group, TokenPlan, divide


class ModelRunner:
    """`cache` and `slots`: None where the model's layers do not read them (engine/probe.py).

    `copies`: whether what passages were read into can be copied into the paged cache. `weights` gives the
    adapter of a request that is computed alone.
    """

    def __init__(
        self,
        base: BaseModel,
        cache: PagedCache | None,
        slots: Slots | None,
        copies: bool,
        weights: Callable[[Sequence], LoraWeights | None],
    ) -> None:
        self._base = base
        self._cache = cache
        self._slots = slots
        self._copies = copies
        self._weights = weights

    def clear(self, blocks: Chunks[int]) -> None:
        """Of what they held before."""
        if self._base.leader is not None:
            self._base.leader.clear(blocks)
        if self._cache is not None:
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
        ids = [token for chunk in ordered for token in _tokens(chunk)]
        positions = [
            chunk.sequence.position(place)
            for chunk in ordered
            for place in range(chunk.start, chunk.start + chunk.count)
        ]
        with paged(self._base), self._base.switch.use_by_token(self._plan(ordered)):
            hidden = self._base.body(
                input_ids=self._tensor([ids]),
                position_ids=self._tensor([positions]),
                use_cache=False,
                paged=self._batch(cache, ordered),
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

    def _batch(self, cache: PagedCache, chunks: Chunks[Chunk]) -> PagedBatch:
        """Where keys and values go, and which are read for which rows."""
        size = cache.block_size
        slots: list[int] = []
        single: dict[int, list[tuple[int, Chunk]]] = {}  # by the blocks read, rounded up to a power of two
        stretches: list[Stretch] = []
        row = 0
        for chunk in chunks:
            blocks, end = chunk.sequence.blocks, chunk.start + chunk.count
            slots += [blocks[place // size] * size + place % size for place in range(chunk.start, end)]
            if chunk.count == 1:
                read = -(-end // size)
                single.setdefault(1 << (read - 1).bit_length(), []).append((row, chunk))
            else:
                table = self._tensor(blocks[: -(-end // size)])
                stretches.append(
                    Stretch(slice(row, row + chunk.count), table, self._tensor([end]), chunk.count)
                )
            row += chunk.count
        for members in single.values():
            ends = [chunk.start + 1 for _, chunk in members]
            read = -(-max(ends) // size)
            tables = [_repeat_last(chunk.sequence.blocks[:read], read) for _, chunk in members]
            stretches.append(
                Stretch(
                    self._tensor([row for row, _ in members]),
                    self._tensor([block for table in tables for block in table]),
                    self._tensor(ends),
                    1,
                )
            )
        return PagedBatch(cache, self._tensor(slots), stretches)

    def _plan(self, chunks: Chunks[Chunk]) -> TokenPlan:
        """Adapters of the chunks, which are ordered by where these lie."""
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
        return TokenPlan(pools, divide(groups, self._base.device), gains, groups)

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


def _repeat_last(blocks: list[int], count: int) -> list[int]:
    """Made longer by what is the request's own and will not be seen."""
    return blocks + blocks[-1:] * (count - len(blocks))
