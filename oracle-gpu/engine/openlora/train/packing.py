"""Several sequences end to end in one row, none of which sees another: no padding is computed.

Only attention needs the pieces apart: there each gets a row, by the model's own eager function, and all
other layers see no padding. So a loss is that of the same sequence read alone. The families whose attention
cannot be replaced (Falcon, BLOOM) are read padded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

from openlora.train.data import Batch
from openlora.train.examples import Marked, Piece, pieces_of

WORTH = 1.1  # places of a padded batch for each token, from which packing is faster on a CPU (measured)
ATTENTION = "openlora_packed"  # its name among transformers' implementations
_layout: _Layout | None = None


class _Layout:
    """Where the tokens of a packed row [length] lie in rows of their own [pieces, longest]."""

    def __init__(self, pieces: Sequence[Piece], device: torch.device) -> None:
        longest = max(end - start for start, end in pieces)
        steps = torch.arange(longest)
        starts = torch.tensor([start for start, _ in pieces])[:, None]
        lengths = torch.tensor([end - start for start, end in pieces])[:, None]
        # Beyond a piece's end stands its first token; what attends from there is left out again.
        self.rows = (starts + torch.where(steps < lengths, steps, 0)).to(device)
        self.back = (steps < lengths).flatten().nonzero().flatten().to(device)
        self.longest = next(slice(start, end) for start, end in pieces if end - start == longest)

    def apart(self, x: Tensor) -> Tensor:
        """x [1, heads, length, size] → [pieces, heads, longest, size]."""
        return x[0].transpose(0, 1)[self.rows].transpose(1, 2)

    def together(self, x: Tensor) -> Tensor:
        """x [pieces, longest, heads, size] → [1, length, heads, size]."""
        return x.flatten(0, 1)[self.back][None]


@contextmanager
def reading(batch: Batch) -> Iterator[None]:
    """What is read within is this batch."""
    global _layout
    before = _layout
    _layout = _Layout(batch.packed, batch.ids.device) if batch.packed else None
    try:
        yield
    finally:
        _layout = before


def position_ids(batch: Batch) -> dict[str, Tensor]:
    """Of a packed row [1, length], from zero in each piece; nothing otherwise."""
    if not batch.packed:
        return {}
    counts = [torch.arange(end - start) for start, end in batch.packed]
    return {"position_ids": torch.cat(counts)[None].to(batch.ids.device)}


def saves(examples: Sequence[Marked]) -> bool:
    """Whether so much of a padded batch would be padding that moving tokens to and fro costs less."""
    lengths = [end - start for example in examples for start, end in pieces_of(example)]
    return max(lengths) * len(lengths) > WORTH * sum(lengths)


def can_pack(model: Any) -> bool:
    return hasattr(sys.modules[type(model).__module__], "eager_attention_forward")


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """query [rows, heads, length, size], likewise key and value → [rows, length, heads, size]."""
    eager = sys.modules[type(module).__module__].eager_attention_forward
    if _layout is None:
        return eager(module, query, key, value, attention_mask, **options)[0], None
    at = _layout.longest
    # Who sees whom depends on how far they are apart: the mask of the longest piece is that of all.
    mask = None if attention_mask is None else attention_mask[:, :, at, at]
    query, key, value = (_layout.apart(x) for x in (query, key, value))
    return _layout.together(eager(module, query, key, value, mask, **options)[0]), None


AttentionInterface.register(ATTENTION, _attention)
AttentionMaskInterface.register(ATTENTION, eager_mask)
