"""A base with an adapter's changes added to its weights: a model that needs no adapter any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from openlora.adapters.parity import logits
from openlora.adapters.store import Adapter
from openlora.models.base import load_plain
from openlora.ops.lora import fit, install_lora


def merge_into_base(
    base: Path, adapter: Adapter | None, prompts: list[list[int]], device: torch.device
) -> tuple[Any, Tensor]:
    """The model in float32 with W' = gain · W + scale · B A, and the logits that it must have.

    Those, [tokens of all prompts, vocabulary], are computed before, by the layers that serve.
    """
    model = load_plain(base, torch.float32, device, "eager")
    switch = install_lora(model)
    weights = {} if adapter is None else fit(adapter.weights, switch, torch.float32, device)
    with switch.use(weights):
        expected = logits(model, prompts)
    for name, layer in switch.layers.items():
        model.set_submodule(name, layer)
        pair = weights.get(name)
        if pair is None:
            continue
        weight = layer.weight
        assert isinstance(weight, Tensor)
        rows = weight.T if isinstance(layer, Conv1D) else weight  # [out, in], the parameter's own memory
        with torch.no_grad():
            if pair.gain is not None:
                rows.mul_(pair.gain.unsqueeze(1))
            scale = pair.scale.unsqueeze(1) if isinstance(pair.scale, Tensor) else pair.scale
            rows.add_(pair.b @ pair.a * scale)
    return model, expected
