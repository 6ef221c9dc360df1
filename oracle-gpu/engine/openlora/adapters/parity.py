"""Whether this engine says of an adapter what PEFT says, before the adapter is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from openlora.adapters.store import Adapter
from openlora.errors import EngineError
from openlora.models.base import load_plain
from openlora.ops.lora import fit, install_lora

PROMPTS = (
    "The quick brown fox jumps over the lazy dog.",
    "def add(a, b):\n    return",
    "Frage: Wie hoch ist der Berg? 答案：",
)
# Both sides add the same numbers in float32 in another order. What is left is that rounding, which grows
# with the logits; a wrong scale or a layer left out is far more than a hundredth of what the adapter changes.
ROUNDING = 1e-4  # of the largest logit
SHARE = 1e-2  # of the largest change that the adapter makes


@dataclass(frozen=True)
class Parity:
    difference: float  # largest of a logit between PEFT and this engine
    effect: float  # largest change of a logit by the adapter
    limit: float  # of the difference

    def public(self) -> dict[str, float]:
        return {"difference": self.difference, "effect": self.effect}


def prompt_ids(tokenizer: Any) -> list[list[int]]:
    """Tokens of each prompt, at least two."""
    encoded = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in PROMPTS]
    return [ids for ids in encoded if len(ids) > 1]


def logits(model: Any, prompts: list[list[int]]) -> Tensor:
    """Logits [tokens of all prompts, vocabulary] in float32."""
    device = next(model.parameters()).device
    with torch.no_grad():
        rows = [model(input_ids=torch.tensor([ids], device=device)).logits[0] for ids in prompts]
    return torch.cat(rows).float()


def check_parity(
    folder: Path, adapter: Adapter, base: Path, prompts: list[list[int]], device: torch.device
) -> Parity:
    """Compare logits on `prompts`; EngineError 409 where they differ or are no finite numbers.

    Loads the base once more, in float32, for as long as it takes.
    """
    model = load_plain(base, torch.float32, device, "eager")
    plain = logits(model, prompts)
    switch = install_lora(model)
    with switch.use(fit(adapter.weights, switch, torch.float32, device)):
        found = logits(model, prompts)
    for name, layer in switch.layers.items():  # as it was
        model.set_submodule(name, layer)
    try:
        expected = logits(PeftModel.from_pretrained(model, folder).eval(), prompts)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"PEFT cannot load the adapter: {reason}"
        raise EngineError(409, "adapter_unsupported", message) from error
    if not (expected.isfinite().all() and found.isfinite().all()):
        message = "With this adapter the model's answers are no finite numbers: it is broken, train it again."
        raise EngineError(422, "adapter_not_finite", message)
    difference = float((found - expected).abs().max())
    effect = float((expected - plain).abs().max())
    limit = ROUNDING * max(1.0, float(expected.abs().max())) + SHARE * effect
    if difference > limit:
        message = (
            f"PEFT and this engine differ on this adapter by {difference:.3g} in a logit, and it changes"
            f" {effect:.3g}: it uses something that cannot be served here."
        )
        raise EngineError(409, "adapter_parity", message, difference=difference)
    return Parity(difference, effect, limit)
