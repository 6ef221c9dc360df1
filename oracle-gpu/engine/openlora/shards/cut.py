"""A base cut into shards: each has some of the heads, and a part of the MLP's width (tensor parallelism).

Which layers are cut which way is transformers' own plan for the family. "colwise" layers write a part of
their outputs each; "rowwise" layers read that part, and the sum over the shards is what they would write
whole (Shoeybi et al., "Megatron-LM"). Embeddings, norms and the output head are whole everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_plain
from openlora.ops.lora import Cut, install_lora

# What else a plan may say: norms of single heads are the same in every shard (no gradients are taken here).
ALIKE = {"replicated_with_grad_allreduce"}
FAMILIES = "LLaMA, Mistral, Qwen and Gemma"


@dataclass(frozen=True)
class Place:
    """Which of how many shards a process has, from 0."""

    number: int
    count: int

    def of(self, size: int) -> slice:
        """Its share of so many rows or columns, which all divide evenly."""
        each = size // self.count
        return slice(self.number * each, (self.number + 1) * each)


class Summed(nn.Module):
    """What a layer writes, adapters included, summed over the shards."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.inner(x)
        dist.all_reduce(y)
        return y


def load_shard(path: Path, dtype: torch.dtype, device: torch.device, place: Place) -> BaseModel:
    """One shard, which computes together with the others. EngineError 503 where the base cannot be cut.

    Every process reads the whole file and keeps its part.
    """
    model = load_plain(path, dtype, device, "eager")  # packed batches attend otherwise in any case
    cuts = cut_layers(model, place)
    switch = install_lora(model)
    switch.cuts = cuts
    for name, cut in cuts.items():
        if cut.is_partial:
            model.set_submodule(name, Summed(model.get_submodule(name)))
    return BaseModel(model, switch, dtype, device, shard=f"{place.number + 1}of{place.count}")


def cut_layers(model: Any, place: Place) -> dict[str, Cut]:
    """Cut the linear layers in place; how, by layer."""
    config = model.config
    plan = getattr(config, "base_model_tp_plan", None) or {}
    prefix = f"{model.base_model_prefix}."
    names = [
        name for name, layer in model.named_modules() if isinstance(layer, nn.Linear) and name != "lm_head"
    ]
    ways = {name: plan.get(re.sub(r"\.\d+\.", ".*.", name.removeprefix(prefix))) for name in names}
    is_known = set(ways.values()) <= {"colwise", "rowwise"} >= set(plan.values()) - ALIKE
    if not names or not is_known:
        message = (
            f"Bases of the family {config.model_type} are not divided: choose --shards 1, or a base of"
            f" another family ({FAMILIES})."
        )
        raise EngineError(503, "shards_unsupported", message, family=config.model_type)
    _require_even(config, place.count)
    return {name: _cut(model.get_submodule(name), way == "rowwise", place) for name, way in ways.items()}


def _require_even(config: Any, count: int) -> None:
    """A head lies in one shard whole, together with those that share its keys."""
    for what in ("num_key_value_heads", "num_attention_heads", "intermediate_size"):
        size = getattr(config, what)
        if size % count:
            message = f"{count} shards do not divide the base's {what} of {size}: choose another number."
            raise EngineError(503, "shards_unsupported", message, family=config.model_type)


def _cut(layer: nn.Linear, reads_part: bool, place: Place) -> Cut:
    inside, outside = layer.in_features, layer.out_features
    rows = slice(0, outside) if reads_part else place.of(outside)
    columns = place.of(inside) if reads_part else slice(0, inside)
    layer.weight = nn.Parameter(layer.weight.detach()[rows, columns].clone(), requires_grad=False)
    if layer.bias is not None:
        # Of a sum, one shard adds the bias.
        has_bias = not reads_part or place.number == 0
        bias = nn.Parameter(layer.bias.detach()[rows].clone(), requires_grad=False)
        layer.register_parameter("bias", bias if has_bias else None)
    layer.out_features, layer.in_features = layer.weight.shape
    return Cut(rows, columns, (outside, inside))
