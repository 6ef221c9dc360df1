"""Which layers of a base get an adapter."""

from __future__ import annotations

from torch import nn

EXPERT_PARTS = ("gate_proj", "up_proj", "down_proj")


def choose_targets(model: nn.Module) -> list[str] | str:
    """Modules that get LoRA, as PEFT names them: all linear layers but the output head.

    A mixture of experts keeps all experts of a block in one tensor [experts, out, in], which is no layer that
    can carry an adapter here; PEFT takes every module called like a part of an expert for those. There the
    other linear layers, those of the attention, get one.
    """
    if all(parameter.dim() < 3 for parameter in model.parameters()):
        return "all-linear"
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    return [x for x in linear if x != "lm_head" and x.rpartition(".")[2] not in EXPERT_PARTS]
