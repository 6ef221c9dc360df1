"""An answer of several adapters merged with weights: its gradient, by the chain rule, at each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from openlora.attribution.gradients import Slice, loss_gradients, make_slices
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair, LoraWeights
from openlora.train.examples import Marked


@dataclass(frozen=True)
class Parent:
    """One adapter of a merge: its share of every layer's change ΔW is `weight` times its own.

    Its own is scale · B A, and with DoRA also (gain − 1) · W, row by row.
    """

    weights: LoraWeights
    weight: float
    slices: Sequence[Slice]  # tensors that its own index looks at


def merge(parents: Sequence[Parent]) -> dict[str, LoraPair]:
    """One adapter that changes each layer by Σ weight · ΔW: the ranks stand side by side."""
    layers = sorted({layer for parent in parents for layer in parent.weights})
    merged: dict[str, LoraPair] = {}
    for layer in layers:
        pairs = [(x.weights[layer], x.weight) for x in parents if layer in x.weights]
        a = torch.cat([pair.a for pair, _ in pairs], dim=0)
        b = torch.cat([pair.b * _column(pair, weight) for pair, weight in pairs], dim=1)
        gains = [(pair.gain - 1) * weight for pair, weight in pairs if pair.gain is not None]
        merged[layer] = LoraPair(a, b, 1.0, 1 + torch.stack(gains).sum(0) if gains else None)
    return merged


def _column(pair: LoraPair, weight: float) -> Tensor | float:
    """What a parent's B is multiplied with in the merge: one number, or one for each row [out, 1]."""
    factor = pair.scale * weight
    return factor.unsqueeze(1) if isinstance(factor, Tensor) else factor


def composed_gradients(
    base: BaseModel, parents: Sequence[Parent], sequences: Sequence[Marked], divisor: float
) -> tuple[Tensor, list[Tensor]]:
    """Losses [sequences] of the merge, and of each parent the gradients [sequences, its dimensions].

    With G = ∂L/∂ΔW of a layer, a parent's are weight · scale · G Aᵀ for B and weight · scale · Bᵀ G for A:
    what its own index's rows are compared with, through its own projection. A DoRA parent's norms count as
    constant, as in its training. One backward pass for all.
    """
    merged = merge(parents)
    wanted = {(piece.layer, piece.part) for parent in parents for piece in parent.slices}
    slices = make_slices(merged, sorted(wanted))
    losses, flat = loss_gradients(base, merged, slices, sequences, divisor)
    whole = {(piece.layer, piece.part): flat[:, piece.start : piece.end] for piece in slices}
    found = []
    for index, parent in enumerate(parents):
        parts = [
            _own(parents, index, piece, merged, whole[piece.layer, piece.part]) for piece in parent.slices
        ]
        found.append(torch.cat(parts, dim=1))
    return losses, found


def _own(
    parents: Sequence[Parent], index: int, piece: Slice, merged: LoraWeights, gradient: Tensor
) -> Tensor:
    """A parent's own ranks of a merged tensor's gradient [sequences, size]: [sequences, its size]."""
    layer = piece.layer
    start = sum(parent.weights[layer].a.shape[0] for parent in parents[:index] if layer in parent.weights)
    pair = parents[index].weights[layer]
    ranks = slice(start, start + pair.a.shape[0])
    if piece.part == "A":
        return gradient.view(len(gradient), *merged[layer].a.shape)[:, ranks].flatten(1)
    own = gradient.view(len(gradient), *merged[layer].b.shape)[:, :, ranks]
    return (own * _column(pair, parents[index].weight)).flatten(1)
