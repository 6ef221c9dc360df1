"""Which layers of a base get an adapter."""

from __future__ import annotations

from torch import nn
from transformers.pytorch_utils import Conv1D

from openlora.train.spec import Targets

EXPERT_PARTS = ("gate_proj", "up_proj", "down_proj")
ATTENTION = ("attn", "attention")  # one of these is in the name of the module that a family's attention is


def choose_targets(model: nn.Module, targets: Targets = "all-linear") -> list[str] | str:
    """Modules that get LoRA, as PEFT names them: all linear layers but the output head, or the attention's.

    A mixture of experts keeps all experts of a block in one tensor [experts, out, in], which is no layer that
    can carry an adapter here; PEFT takes every module called like a part of an expert for those. There the
    other linear layers, those of the attention, get one.
    """
    if targets == "attention":
        return [name for name in _linear(model) if _is_attention(name)]
    if all(parameter.dim() < 3 for parameter in model.parameters()):
        return "all-linear"
    return [x for x in _linear(model) if x != "lm_head" and x.rpartition(".")[2] not in EXPERT_PARTS]


def _linear(model: nn.Module) -> list[str]:
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D)]


def _is_attention(name: str) -> bool:
    return any(mark in part for part in name.split(".")[:-1] for mark in ATTENTION)
