"""Attention over a paged cache of keys and values, for a batch packed as [1, tokens] (reference operators).

Registered with transformers under NAME. No mask function is registered, so the models make no mask; the batch
reaches the layers as the keyword argument `paged`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface

from openlora.models.base import BaseModel

NAME = "openlora_paged"
Shape = tuple[int, int]  # heads, dim


@dataclass
class PagedCache:
    """Keys and values of every layer: [blocks, block size, heads, dim]."""

    block_size: int
    keys: list[Tensor]
    values: list[Tensor]

    @classmethod
    def make(
        cls, blocks: int, block_size: int, shapes: Sequence[tuple[Shape, Shape]], like: Tensor
    ) -> PagedCache:
        """`shapes`: of each layer's keys and values. Memory is taken when it is first written."""
        made = [
            [torch.zeros(blocks, block_size, *part, dtype=like.dtype, device=like.device) for part in layer]
            for layer in shapes
        ]
        return cls(block_size, [layer[0] for layer in made], [layer[1] for layer in made])

    def clear(self, blocks: Sequence[int]) -> None:
        """Before blocks change hands: weight 0 of what is not a number would still be none."""
        if blocks:
            index = torch.tensor(blocks, device=self.keys[0].device)
            for cache in (*self.keys, *self.values):
                cache.index_fill_(0, index, 0)

    def write(self, layer: int, slots: Tensor, keys: Tensor, values: Tensor) -> None:
        """Keep keys and values [tokens, heads, dim] at these places (block · block size + offset)."""
        self.keys[layer].flatten(0, 1).index_copy_(0, slots, keys)
        self.values[layer].flatten(0, 1).index_copy_(0, slots, values)

    def read(self, layer: int, blocks: Tensor, rows: int) -> tuple[Tensor, Tensor]:
        """Keys and values [rows, heads, tokens, dim] of so many sequences' blocks, one after another."""
        found = []
        for cache in (self.keys[layer], self.values[layer]):
            part = cache.index_select(0, blocks)
            found.append(part.view(rows, -1, *part.shape[2:]).transpose(1, 2))
        return found[0], found[1]


@dataclass(frozen=True)
class Span:
    """One request's new tokens in a packed batch."""

    row: int  # of the first
    count: int
    end: int  # tokens of the request that may be seen, the new ones included
    blocks: Sequence[int]  # of the cache, in order

    def slots(self, block_size: int) -> list[int]:
        """Where the new tokens' keys and values are kept: block · block size + offset."""
        return [
            self.blocks[place // block_size] * block_size + place % block_size
            for place in range(self.end - self.count, self.end)
        ]


class PagedAttention(Protocol):
    """Attention of one packed batch; the layers call it in their order."""

    def attend(
        self,
        layer: int,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scale: float | None,
        window: int | None,
        softcap: float | None,
    ) -> Tensor:
        """query, key, value [1, heads, tokens, dim] → [1, tokens, heads, dim]."""
        ...


@dataclass(frozen=True)
class Stretch:
    """Sequences of a batch whose attention is computed together.

    Either any number with one new token each, or one with several.
    """

    rows: Tensor | slice  # their new tokens in the batch
    blocks: Tensor  # [sequences · blocks]: their block tables, made equally long
    lengths: Tensor  # [sequences]: tokens of each that may be seen, the new ones included
    new: int  # tokens of each in this batch


@dataclass
class PagedBatch:
    """`PagedAttention` over copies of the blocks, stretch by stretch."""

    cache: PagedCache
    slots: Tensor  # [tokens]: where the new tokens' keys and values are kept
    stretches: Sequence[Stretch]
    _masks: dict[tuple[int, int | None], Tensor | None] = field(default_factory=dict)

    def attend(
        self,
        layer: int,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scale: float | None,
        window: int | None,
        softcap: float | None,
    ) -> Tensor:
        self.cache.write(layer, self.slots, key[0].transpose(0, 1), value[0].transpose(0, 1))
        query = query[0].transpose(0, 1)  # [tokens, heads, dim]
        found = query.new_empty(*query.shape[:2], value.shape[-1])
        for number, stretch in enumerate(self.stretches):
            sequences = len(stretch.lengths)
            keys, values = self.cache.read(layer, stretch.blocks, sequences)
            mask = self._mask(number, keys.shape[2], window, query.dtype)
            # Heads that share keys become tokens of one head: [sequences, key heads, shared · new, dim]
            asked = query[stretch.rows].view(sequences, stretch.new, keys.shape[1], -1, query.shape[-1])
            asked = asked.permute(0, 2, 3, 1, 4)
            shared = asked.shape[2]
            if mask is not None and stretch.new > 1:
                mask = mask.repeat(1, 1, shared, 1)
            seen = _attention(asked.flatten(2, 3), keys, values, mask, scale, softcap)
            seen = seen.view(sequences, keys.shape[1], shared, stretch.new, -1).permute(0, 3, 1, 2, 4)
            found[stretch.rows] = seen.reshape(-1, *found.shape[1:])
        return found.unsqueeze(0)

    def _mask(self, number: int, tokens: int, window: int | None, dtype: torch.dtype) -> Tensor | None:
        """What is added to the scores of a stretch [sequences, 1, new, tokens]; None: all may be seen."""
        if (number, window) not in self._masks:
            stretch = self.stretches[number]
            device = stretch.lengths.device
            own = stretch.lengths[:, None] - stretch.new + torch.arange(stretch.new, device=device)
            other = torch.arange(tokens, device=device)
            hidden = other > own[..., None]  # [sequences, new, tokens]
            if window is not None:
                hidden |= other <= own[..., None] - window
            mask = None
            if hidden.any():
                least = torch.finfo(dtype).min
                mask = torch.zeros(hidden.shape, dtype=dtype, device=device).masked_fill_(hidden, least)
                mask = mask.unsqueeze(1)
            self._masks[number, window] = mask
        return self._masks[number, window]


def paged_batch(cache: PagedCache, spans: Sequence[Span], device: torch.device) -> PagedBatch:
    """Single tokens are grouped by how much they read; parts of prompts are taken one by one."""

    def tensor(values: Any) -> Tensor:
        return torch.tensor(values, device=device)

    size = cache.block_size
    single: dict[int, list[Span]] = {}  # by the blocks read, rounded up to a power of two
    stretches: list[Stretch] = []
    for span in spans:
        read = -(-span.end // size)
        if span.count == 1:
            single.setdefault(1 << (read - 1).bit_length(), []).append(span)
        else:
            rows = slice(span.row, span.row + span.count)
            stretches.append(Stretch(rows, tensor(span.blocks[:read]), tensor([span.end]), span.count))
    for members in single.values():
        read = -(-max(span.end for span in members) // size)
        table = [block for span in members for block in _repeat_last(span.blocks[:read], read)]
        ends = tensor([span.end for span in members])
        stretches.append(Stretch(tensor([span.row for span in members]), tensor(table), ends, 1))
    return PagedBatch(cache, tensor([slot for span in spans for slot in span.slots(size)]), stretches)


def _repeat_last(blocks: Sequence[int], count: int) -> list[int]:
    """Made longer by what is the request's own and will not be seen."""
    return [*blocks, *[blocks[-1]] * (count - len(blocks))]


def _attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    scale: float | None,
    softcap: float | None,
) -> Tensor:
    if softcap is None:
        return functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scale)
    scores = query @ keys.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    scores = torch.tanh(scores / softcap) * softcap
    if mask is not None:
        scores = scores + mask
    return torch.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype) @ values


def _paged_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    *,
    paged: PagedAttention,
    **_: Any,
) -> tuple[Tensor, None]:
    layer = module.layer_idx
    assert isinstance(layer, int)
    return paged.attend(layer, query, key, value, scaling, sliding_window, softcap), None


AttentionInterface.register(NAME, _paged_attention)


@contextmanager
def paged(base: BaseModel) -> Iterator[None]:
    """The model's layers attend by the registered function; pass them the batch as `paged`."""
    config = base.model.config
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before
