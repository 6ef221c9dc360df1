"""Gradient of one record's (or one answer's) own loss term with respect to a few LoRA tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair, LoraWeights


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


def loss_gradient(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    tokens: Sequence[int],
    trained: Sequence[bool],
    divisor: float,
) -> tuple[float, Tensor]:
    """Summed loss of the trained tokens ÷ divisor, and its gradient [dimensions] in float32.

    Batch 1, no autocast; `base` is loaded in float32 with eager attention, so that the result is the
    same in every process with the same thread count.
    """
    leaves = dict(weights)
    parameters: list[Tensor] = []
    for piece in slices:
        pair = leaves[piece.layer]
        leaf = (pair.a if piece.part == "A" else pair.b).detach().clone().requires_grad_(True)
        parameters.append(leaf)
        changed = (leaf, pair.b) if piece.part == "A" else (pair.a, leaf)
        leaves[piece.layer] = LoraPair(*changed, pair.scale)
    ids = torch.tensor(tokens, device=base.device)
    at = torch.tensor([i for i in range(1, len(tokens)) if trained[i]], device=base.device)
    with torch.enable_grad(), base.switch.use(leaves):
        hidden = base.model.model(input_ids=ids[None], use_cache=False).last_hidden_state
        logits = base.model.lm_head(hidden[0, at - 1])  # only where a trained token is predicted
        loss = functional.cross_entropy(logits, ids[at], reduction="sum") / divisor
        gradients = torch.autograd.grad(loss, parameters)
    return float(loss.detach()), torch.cat([gradient.flatten() for gradient in gradients])
