"""Gradients of records' (or one answer's) own loss terms with respect to a few LoRA tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair, LoraWeights
from openlora.train.data import Marked, collate
from openlora.train.evaluate import per_record, token_losses


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


def choose_slices(weights: LoraWeights) -> list[Slice]:
    """The tensors attribution looks at: LoRA B of `down_proj` in the upper half of the model.

    Few tensors lose little against all of them, and with the upper half alone the backward pass ends in
    the middle of the model. Models without `down_proj`: LoRA B of the upper half of all linear layers.
    """
    layers = [name for name in weights if name.endswith("down_proj")] or list(weights)
    layers.sort(key=_natural)
    return make_slices(weights, [(layer, "B") for layer in layers[len(layers) // 2 :]])


def make_slices(weights: LoraWeights, chosen: Sequence[tuple[str, str]]) -> list[Slice]:
    slices: list[Slice] = []
    start = 0
    for layer, part in chosen:
        pair = weights[layer]
        size = (pair.a if part == "A" else pair.b).numel()
        slices.append(Slice(layer, part, start, start + size))
        start += size
    return slices


def _natural(name: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdigit() else part for part in name.split("."))


def loss_gradients(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    sequences: Sequence[Marked],
    divisor: float,
) -> tuple[Tensor, Tensor]:
    """Of each sequence: summed loss of its trained tokens ÷ divisor, and its gradient.

    Returns losses [sequences] and gradients [sequences, dimensions] in float32. One pass for all: each row
    of the batch has a copy of the few tensors for itself. No autocast; `base` is loaded in float32 with
    eager attention, so that the result is the same in every process with the same thread count and batch.
    """
    rows = len(sequences)
    leaves = dict(weights)
    parameters: list[Tensor] = []
    for piece in slices:
        pair = leaves[piece.layer]
        shared = pair.a if piece.part == "A" else pair.b
        leaf = shared.detach().expand(rows, *shared.shape).clone().requires_grad_(True)
        parameters.append(leaf)
        changed = (leaf, pair.b) if piece.part == "A" else (pair.a, leaf)
        leaves[piece.layer] = LoraPair(*changed, pair.scale)
    batch = collate(sequences, 0, base.device)
    with torch.enable_grad(), base.switch.use(leaves):
        losses = per_record(token_losses(base.model, batch)[0], batch) / divisor
        gradients = torch.autograd.grad(losses.sum(), parameters)
    return losses.detach(), torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)
