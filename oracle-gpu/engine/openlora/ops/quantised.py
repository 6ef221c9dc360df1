"""Linear layers that keep their weights in eight or four bits, for serving: no gradient goes through them.

Codes and scales alone say what a weight is. Scales are numbers that bfloat16 has, and the weights were
rounded to bfloat16 before, so that a layer stands for the same numbers whatever the sums are made in. Where a
device has no kernel for the codes, they are multiplied as numbers of the activations' type.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from openlora.config import Weights
from openlora.errors import EngineError

GROUP = 32  # neighbouring weights of a row that share a scale and a zero, in four bits
FEW = 16  # tokens up to which a kernel for codes is worth it
LARGEST = 127
LEAST = 1e-30  # scale, so that nothing is divided by zero
# Shares of a group's range that are tried; outliers may cost the others more than they are worth.
SHARES = (1.0, 0.95, 0.9, 0.85, 0.8)


class QuantisedLinear(nn.Module):
    """y = x · Wᵀ + bias, W being what `whole` gives."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features = layer.in_features
        self.out_features = layer.out_features
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] → [..., out]."""
        y = self.multiply(x.reshape(-1, self.in_features))
        if self.bias is not None:
            y += self.bias
        return y.view(*x.shape[:-1], self.out_features)

    def multiply(self, x: Tensor) -> Tensor:
        """x [tokens, in] → [tokens, out], without the bias."""
        raise NotImplementedError

    def whole(self) -> Tensor:
        """The weights, float32 [out, in]."""
        raise NotImplementedError


class Int8Linear(QuantisedLinear):
    """A signed byte for each weight and a scale for each row."""

    codes: Tensor  # int8 [out, in]
    scales: Tensor  # [out]

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer)
        weight = _rounded(layer)
        scales = _bf16((weight.abs().amax(1) / LARGEST).clamp_min(LEAST))
        codes = (weight / scales.unsqueeze(1)).round_().clamp_(-LARGEST, LARGEST)
        self.register_buffer("codes", codes.to(torch.int8))
        self.register_buffer("scales", scales.to(layer.weight.dtype))

    def multiply(self, x: Tensor) -> Tensor:
        if has_kernel(x):
            return torch._weight_int8pack_mm(x, self.codes, self.scales)
        return functional.linear(x, self.codes.to(x.dtype)) * self.scales

    def whole(self) -> Tensor:
        return self.codes.float() * self.scales.float().unsqueeze(1)


class Int4Linear(QuantisedLinear):
    """Four bits a weight, a scale and a zero for each GROUP of a row: w = (code − 8) · scale + zero."""

    packed: Tensor  # uint8 [out, in / 2], in an order of the kernel's own
    scales_and_zeros: Tensor  # [in / GROUP, out, 2]

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer)
        groups = _rounded(layer).view(self.out_features, -1, GROUP)
        scales, zeros = _grid(groups)
        codes = _codes(groups, scales, zeros).add_(8).view(self.out_features, self.in_features)
        self.register_buffer("packed", torch._convert_weight_to_int4pack_for_cpu(codes.to(torch.int32), 1))
        both = torch.stack([scales, zeros], dim=2).transpose(0, 1).contiguous()
        self.register_buffer("scales_and_zeros", both.to(layer.weight.dtype))

    @staticmethod
    def fits(layer: nn.Linear) -> bool:
        tile = _tile()
        return tile is not None and layer.in_features % GROUP == 0 and layer.out_features % tile == 0

    def multiply(self, x: Tensor) -> Tensor:
        if has_kernel(x):
            return torch._weight_int4pack_mm_for_cpu(x, self.packed, GROUP, self.scales_and_zeros)
        return x @ self._numbers(x.dtype)

    def whole(self) -> Tensor:
        return self._numbers(torch.float32).T

    def _numbers(self, dtype: torch.dtype) -> Tensor:
        """[in, out]"""
        codes = _unpack(self.packed, self.in_features, _tile() or 0).transpose(0, 1)
        grouped = codes.reshape(-1, GROUP, self.out_features).to(dtype).sub_(8)
        scales, zeros = self.scales_and_zeros.to(dtype).unsqueeze(1).unbind(3)  # [in / GROUP, 1, out]
        return torch.addcmul(zeros, grouped, scales, out=grouped).view(self.in_features, self.out_features)


def has_kernel(x: Tensor) -> bool:
    """Whether the kernels for codes are faster than a plain product of numbers made of the codes."""
    return x.device.type == "cpu" and x.dtype == torch.bfloat16 and len(x) <= FEW


def _unpack(packed: Tensor, inside: int, tile: int) -> Tensor:
    """Codes uint8 [out / tile, in, tile]: of each byte the lower half is of the tile's first rows."""
    halves = packed.view(-1, inside, tile // 2)
    return torch.cat([halves & 15, halves >> 4], dim=2)


@cache
def _tile() -> int | None:
    """Rows that lie together in this processor's order of codes; None where it is another order."""
    codes = torch.arange(128 * GROUP, dtype=torch.int32).mul_(7).remainder_(16).view(128, GROUP)
    packed = torch._convert_weight_to_int4pack_for_cpu(codes, 1)
    for tile in (64, 32, 16):
        if torch.equal(_unpack(packed, GROUP, tile).mT.reshape(128, GROUP), codes.to(torch.uint8)):
            return tile
    return None


def quantise_layers(model: Any, weights: Weights) -> None:
    """Put layers of `weights` in the place of the linear ones but the output head; "whole" changes nothing.

    Layers that four bits do not fit (whole groups and tiles) get eight. EngineError 503 for a family without
    such layers.
    """
    if weights == "whole":
        return
    if weights == "int4" and model.device.type != "cpu":
        message = "Weights in four bits are served on a CPU only: choose --weights int8, or --device cpu."
        raise EngineError(503, "weights_unsupported", message)
    names = [name for name, layer in model.named_modules() if _is_plain(layer) and name != "lm_head"]
    if not names:
        family = model.config.model_type
        message = f"Bases of the family {family} have no layers for {weights}: choose --weights whole."
        raise EngineError(503, "weights_unsupported", message, family=family)
    with torch.no_grad():
        for name in names:
            layer = model.get_submodule(name)
            kind = Int4Linear if weights == "int4" and Int4Linear.fits(layer) else Int8Linear
            model.set_submodule(name, kind(layer).eval())
    give_memory_back()


def give_memory_back() -> None:
    """The C library keeps what was freed: half a gigabyte after 135 M weights. Not all have this call."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _is_plain(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear)


def _rounded(layer: nn.Linear) -> Tensor:
    return layer.weight.detach().bfloat16().float()


def _bf16(numbers: Tensor) -> Tensor:
    """The nearest that bfloat16 has."""
    return numbers.bfloat16().float()


def _grid(groups: Tensor) -> tuple[Tensor, Tensor]:
    """Scales and zeros [out, groups] for weights [out, groups, GROUP], those that err least."""
    low, high = groups.amin(2), groups.amax(2)
    least = torch.full_like(low, torch.inf)
    best = low, low
    for share in SHARES:
        scales = _bf16(((high - low) * (share / 15)).clamp_min(LEAST))
        zeros = _bf16((low + high + scales) / 2)  # codes reach from 8 below to 7 above
        codes = _codes(groups, scales, zeros)
        error = codes.mul_(scales.unsqueeze(2)).add_(zeros.unsqueeze(2)).sub_(groups).square_().sum(2)
        better = error < least
        least = torch.where(better, error, least)
        best = torch.where(better, scales, best[0]), torch.where(better, zeros, best[1])
    return best


def _codes(groups: Tensor, scales: Tensor, zeros: Tensor) -> Tensor:
    """The nearest codes, −8…7."""
    return ((groups - zeros.unsqueeze(2)) / scales.unsqueeze(2)).round_().clamp_(-8, 7)
