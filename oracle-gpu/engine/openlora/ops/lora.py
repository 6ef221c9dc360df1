"""A linear layer that adds one adapter to a whole batch, or to each token its own (reference operators)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D

from openlora.errors import EngineError
from openlora.ops.quantised import QuantisedLinear
from openlora.ops.segments import TokenPlan


@dataclass(frozen=True)
class LoraPair:
    """One layer's adapter: y = gain · (x Wᵀ) + scale · (x Aᵀ) Bᵀ + bias with A [rank, in] and B [out, rank].

    Either may have one matrix per row of the batch, [rows, …], so that each row has a gradient of its own.
    """

    a: Tensor
    b: Tensor
    scale: float | Tensor  # where a tensor: float32 [out]
    gain: Tensor | None = None  # float32 [out]; None: 1
    # DoRA's m [out] as it is stored: the rows of W + scale · B A get these norms. `fit` makes scale and gain
    # of it; a pair that still has one is not ready for a layer.
    magnitude: Tensor | None = None


LoraWeights = Mapping[str, LoraPair]


@dataclass(frozen=True)
class Cut:
    """The part of a linear layer that a process holds, where several hold the base together."""

    rows: slice  # of what the layer writes
    columns: slice  # of what it reads
    whole: tuple[int, int]  # what it writes and reads in all

    @property
    def is_partial(self) -> bool:
        """Whether what it writes is a part of a sum."""
        return self.columns != slice(0, self.whole[1])

    def of(self, pair: LoraPair) -> LoraPair:
        return replace(pair, a=pair.a[:, self.columns], b=pair.b[self.rows])


class LoraSwitch:
    """Says which adapter the model's linear layers add; one per model, used from one thread."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        self.layers = layers  # the base's linear layers that can carry an adapter
        self.cuts: Mapping[str, Cut] = {}  # of those that are here in part
        self.current: LoraWeights = {}
        self.plan: TokenPlan | None = None

    @contextmanager
    def use(self, weights: LoraWeights | None) -> Iterator[None]:
        """The same adapter for all."""
        self.current = weights or {}
        try:
            yield
        finally:
            self.current = {}

    @contextmanager
    def use_by_token(self, plan: TokenPlan) -> Iterator[None]:
        """To each token of a packed batch its own; no gradients."""
        self.plan = plan
        try:
            yield
        finally:
            self.plan = None


class LoraLinear(nn.Module):
    def __init__(self, base: nn.Module, name: str, switch: LoraSwitch) -> None:
        super().__init__()
        self.base = base
        self.name = name
        self.switch = switch

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] → [..., out]."""
        y: Tensor = self.base(x)
        if self.switch.plan is not None:
            return self.switch.plan.add(self.name, getattr(self.base, "bias", None), x, y)
        pair = self.switch.current.get(self.name)
        if pair is None:
            return y
        assert pair.magnitude is None, "a DoRA adapter must be fitted to its base"
        if pair.gain is not None:
            bias = getattr(self.base, "bias", None)
            y = y * pair.gain if bias is None else y * pair.gain + bias * (1 - pair.gain)
        return (y + _apply(_apply(x, pair.a), pair.b) * pair.scale).to(x.dtype)


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
        if isinstance(module, nn.Linear | Conv1D | QuantisedLinear) and name != "lm_head"
    ]
    switch = LoraSwitch(dict(found))
    for name, module in found:
        parent = model.get_submodule(name.rpartition(".")[0])
        setattr(parent, name.rpartition(".")[2], LoraLinear(module, name, switch))
    return switch


def fit(
    weights: LoraWeights, switch: LoraSwitch, dtype: torch.dtype, device: torch.device
) -> dict[str, LoraPair]:
    """The adapter as its base's layers use it. EngineError 409 where it does not fit them.

    With DoRA a row of the layer is m · (W + s · B A) ÷ ‖W + s · B A‖. The training takes the norm for a
    constant (Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 4.3), so it is computed here, once,
    and gradients of A and B are those of the training.
    """
    fitted = {}
    for name, pair in weights.items():
        if name not in switch.layers:
            raise _unfit(f"the base model has no linear layer {name}")
        layer, cut = switch.layers[name], switch.cuts.get(name)
        whole = shape_of(layer) if cut is None else cut.whole
        if (pair.b.shape[0], pair.a.shape[1]) != whole:
            raise _unfit(f"its tensors of {name} are not of that layer's size")
        if cut is not None:
            pair = _cut(pair, cut)
        scale, gain = pair.scale, pair.gain
        if pair.magnitude is not None:
            base = rows(layer)
            change = (pair.b @ pair.a * scale).to(device)
            norms = torch.linalg.vector_norm(base.float() + change, dim=1)  # [out]
            if not norms.all():
                raise _unfit(f"a row of {name} has no direction, so that its magnitude means nothing")
            gain = pair.magnitude.to(device) / norms
            scale = gain * scale
        fitted[name] = LoraPair(pair.a.to(device, dtype), pair.b.to(device, dtype), scale, gain)
    return fitted


def rows(layer: nn.Module) -> Tensor:
    """Weights of a linear layer as [out, in]."""
    if isinstance(layer, QuantisedLinear):
        return layer.whole()
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.detach().T if isinstance(layer, Conv1D) else weight.detach()


def shape_of(layer: nn.Module) -> tuple[int, int]:
    """What a linear layer writes and reads."""
    if isinstance(layer, QuantisedLinear):
        return layer.out_features, layer.in_features
    outside, inside = rows(layer).shape
    return outside, inside


def _cut(pair: LoraPair, cut: Cut) -> LoraPair:
    if pair.magnitude is not None:
        message = (
            "An adapter with DoRA needs whole rows of the base: ask an engine of one shard (--shards 1)."
        )
        raise EngineError(409, "adapter_unsupported", message)
    return cut.of(pair)


def _unfit(reason: str) -> EngineError:
    message = f"The adapter does not fit the base model: {reason}. Choose the base it was trained on."
    return EngineError(409, "adapter_unsupported", message)
