"""Gradients of records' (or one answer's) own loss terms with respect to a few LoRA tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from openlora.models.base import BaseModel
from openlora.ops.lora import LoraWeights
from openlora.train.data import collate
from openlora.train.examples import Example, Marked
from openlora.train.losses import record_terms, token_losses

BLOCKS, STRIDE = 3, 3
PIECES = 8  # of documents to a pass
BUDGET = 2 << 30  # bytes of the gradients of all records, and so of their projection


@dataclass(frozen=True)
class Slice:
    """Where the gradient of one tensor lies in the flat vector."""

    layer: str
    part: str  # "A" or "B"
    start: int
    end: int

    @property
    def name(self) -> str:
        return f"{self.layer}.lora_{self.part}"


def choose_slices(weights: LoraWeights, records: int) -> list[Slice]:
    """The tensors attribution looks at: LoRA A and B of all linear layers in three of the upper blocks.

    Every third block, down from the last but one: as good as the whole upper third by the linear datamodeling
    score (docs/decisions/0021), and the backward pass ends at the lowest of them. With so many `records` that
    their gradients would not fit in BUDGET, two blocks, or one.
    """
    blocks = sorted({_block(name) for name in weights})
    chosen = blocks[max(0, len(blocks) - 2) :: -STRIDE][:BLOCKS]
    while True:
        layers = sorted((name for name in weights if _block(name) in chosen), key=_natural)
        slices = make_slices(weights, [(layer, part) for layer in layers for part in "AB"])
        if len(chosen) == 1 or 4 * slices[-1].end * records <= BUDGET:
            return slices
        chosen.pop()


def make_slices(weights: LoraWeights, chosen: Sequence[tuple[str, str]]) -> list[Slice]:
    slices: list[Slice] = []
    start = 0
    for layer, part in chosen:
        pair = weights[layer]
        size = (pair.a if part == "A" else pair.b).numel()
        slices.append(Slice(layer, part, start, start + size))
        start += size
    return slices


def _block(name: str) -> int:
    """Number of the transformer block a layer lies in: the first number in its name."""
    return next((int(part) for part in name.split(".") if part.isdigit()), 0)


def _natural(name: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdigit() else part for part in name.split("."))


def loss_gradients(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    sequences: Sequence[Marked],
    divisor: float,
) -> tuple[Tensor, Tensor]:
    """Of each sequence or record: its term in the objective (losses.py) ÷ divisor, and its gradient.

    Returns losses [sequences] and gradients [sequences, dimensions] in float32. A document's is the sum over
    its pieces, which are read few at a time.
    """
    parts = [
        (place, part)
        for place, sequence in enumerate(sequences)
        for part in (sequence.apart() if isinstance(sequence, Example) else [sequence])
    ]
    if len(parts) == len(sequences):
        return _gradients(base, weights, slices, sequences, divisor)
    losses = torch.zeros(len(sequences), device=base.device)
    gradients = torch.zeros(len(sequences), slices[-1].end, device=base.device)
    for start in range(0, len(parts), PIECES):
        places, read = zip(*parts[start : start + PIECES], strict=True)
        found = _gradients(base, weights, slices, read, divisor)
        at = torch.tensor(places, device=base.device)
        losses.index_add_(0, at, found[0])
        gradients.index_add_(0, at, found[1])
    return losses, gradients


def _gradients(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    sequences: Sequence[Marked],
    divisor: float,
) -> tuple[Tensor, Tensor]:
    """Losses and gradients, one pass for all: each row of the batch has a copy of the few tensors for itself.

    No autocast; `base` is loaded in float32 with eager attention, so that the result is the same in every
    process with the same thread count and batch.
    """
    batch = collate(sequences, 0, base.device)
    rows = len(batch.owners)
    leaves = dict(weights)
    parameters: list[Tensor] = []
    for piece in slices:
        pair = leaves[piece.layer]
        shared = pair.a if piece.part == "A" else pair.b
        leaf = shared.detach().expand(rows, *shared.shape).clone().requires_grad_(True)
        parameters.append(leaf)
        leaves[piece.layer] = replace(pair, a=leaf) if piece.part == "A" else replace(pair, b=leaf)
    reference = None
    if batch.betas is not None:
        with torch.no_grad(), base.switch.use(None):
            reference = token_losses(base.model, batch)[0]
    with torch.enable_grad(), base.switch.use(leaves):
        losses = record_terms(token_losses(base.model, batch)[0], batch, reference) / divisor
        gradients = torch.autograd.grad(losses.sum(), parameters)
    found = torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)
    if rows > len(sequences):  # a preference's gradient is the sum over its answers
        found = found.new_zeros(len(sequences), found.shape[1]).index_add(0, batch.owners, found)
    return losses.detach(), found
