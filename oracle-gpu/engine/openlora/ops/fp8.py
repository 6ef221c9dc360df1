"""Linear layers in eight-bit floats (e4m3): half the bytes of bfloat16, for devices that multiply them.

A scale for each row of the weights and one for each token, so that a large number costs its own row its
precision and no other. Never run on a device so far: where there is none, the same numbers are multiplied in
float32, which is what the tests look at.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import ScalingType

from openlora.errors import EngineError
from openlora.ops.quantised import QuantisedLinear

FP8 = torch.float8_e4m3fn
LARGEST = torch.finfo(FP8).max
LEAST = 1e-12  # of a row's largest number: a row of zeros has a scale too
TILE = 16  # both sides of the weights are multiples of it, or the device's product refuses them
CAPABILITY = (8, 9)  # of the first devices that multiply such numbers (Ada; Hopper is 9.0)


class Fp8Linear(QuantisedLinear):
    """Its x is rounded to eight bits, too."""

    codes: Tensor  # e4m3 [out, in]
    scales: Tensor  # float32 [1, out]

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer)
        codes, scales = _round(layer.weight.detach())
        self.register_buffer("codes", codes)
        self.register_buffer("scales", scales.T.contiguous())

    @staticmethod
    def fits(layer: nn.Linear) -> bool:
        return layer.in_features % TILE == 0 and layer.out_features % TILE == 0

    def multiply(self, x: Tensor) -> Tensor:
        codes, scales = _round(x)
        if x.device.type == "cpu":
            return ((codes.float() @ self.codes.float().T) * scales * self.scales).to(x.dtype)
        return scaled_product(codes, scales, self.codes, self.scales, x.dtype)

    def whole(self) -> Tensor:
        return self.codes.float() * self.scales.T


def scaled_product(x: Tensor, x_scales: Tensor, weight: Tensor, scales: Tensor, dtype: torch.dtype) -> Tensor:
    """x [tokens, in] with [tokens, 1], weight [out, in] with [1, out] → [tokens, out], of bfloat16 by the
    device's rules; any other `dtype` is made of that."""
    found = functional.scaled_mm(
        x, weight.T, x_scales, ScalingType.RowWise, scales, ScalingType.RowWise, output_dtype=torch.bfloat16
    )
    return found.to(dtype)


def require_fp8(device: torch.device) -> None:
    """EngineError 503 where the device cannot multiply such numbers."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < CAPABILITY:
        message = (
            "This device cannot multiply eight-bit floats: choose other weights, or an Ada or Hopper device."
        )
        raise EngineError(503, "weights_unsupported", message)


def to_fp8(model: Any) -> None:
    """Put such layers in the place of the linear ones that fit, but the output head, one after the other."""
    names = [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and name != "lm_head" and Fp8Linear.fits(layer)
    ]
    with torch.no_grad():
        for name in names:
            model.set_submodule(name, Fp8Linear(model.get_submodule(name)).eval())


def _round(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows [n, size] as e4m3, and their scales float32 [n, 1]."""
    scales = rows.abs().amax(dim=1, keepdim=True).float().clamp_min(LEAST) / LARGEST
    return (rows / scales).clamp(-LARGEST, LARGEST).to(FP8), scales
