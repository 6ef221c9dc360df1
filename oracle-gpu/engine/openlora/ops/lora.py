"""A linear layer that adds the adapter chosen for the running request (reference operators)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D


@dataclass(frozen=True)
class LoraPair:
    """One layer's adapter: y += scale · (x Aᵀ) Bᵀ with A [rank, in] and B [out, rank].

    Either may have one matrix per row of the batch, [rows, …], so that each row has a gradient of its own.
    """

    a: Tensor
    b: Tensor
    scale: float


LoraWeights = Mapping[str, LoraPair]


class LoraSwitch:
    """Says which adapter the model's linear layers add; one per model, used from one thread."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names  # linear layers that can carry an adapter
        self.current: LoraWeights = {}

    @contextmanager
    def use(self, weights: LoraWeights | None) -> Iterator[None]:
        self.current = weights or {}
        try:
            yield
        finally:
            self.current = {}


class LoraLinear(nn.Module):
    def __init__(self, base: nn.Module, name: str, switch: LoraSwitch) -> None:
        super().__init__()
        self.base = base
        self.name = name
        self.switch = switch

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] → [..., out]."""
        y: Tensor = self.base(x)
        pair = self.switch.current.get(self.name)
        if pair is None:
            return y
        return y + _apply(_apply(x, pair.a), pair.b) * pair.scale


def _apply(x: Tensor, matrix: Tensor) -> Tensor:
    """x [..., in] · matrixᵀ, with matrix [out, in] or, for x [rows, …, in], [rows, out, in]."""
    if matrix.dim() == 2:
        return functional.linear(x, matrix)
    return torch.bmm(x.flatten(1, -2), matrix.mT).reshape(*x.shape[:-1], matrix.shape[-2])


def install_lora(model: nn.Module) -> LoraSwitch:
    """Replace every linear layer (in GPT-2: Conv1D) but the output head; returns the model's switch."""
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and name != "lm_head"
    ]
    switch = LoraSwitch(frozenset(name for name, _ in found))
    for name, module in found:
        parent = model.get_submodule(name.rpartition(".")[0])
        setattr(parent, name.rpartition(".")[2], LoraLinear(module, name, switch))
    return switch


def cast(weights: LoraWeights, dtype: torch.dtype, device: torch.device) -> dict[str, LoraPair]:
    return {
        name: LoraPair(pair.a.to(device, dtype), pair.b.to(device, dtype), pair.scale)
        for name, pair in weights.items()
    }
