"""An exported model read back and compared, before the export says that it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig

from openlora.adapters.parity import PROMPTS, logits
from openlora.errors import EngineError
from openlora.export import llamacpp

# Most that what is read back may be from what is served, as the mean Kullback–Leibler divergence of the next
# token in nats. Rounding to 16 bits gives some 1e-6 and to 8 bits some 1e-3; a head or a norm in the wrong
# place gives .1 and more.
LIMITS = {"float32": 1e-6, "f16": 1e-4, "q8_0": 1e-2}


@dataclass(frozen=True)
class Check:
    reader: str
    divergence: float  # nats for each token; of PEFT the largest difference of a logit
    limit: float

    def public(self) -> dict[str, Any]:
        return asdict(self)


def divergence(expected: Tensor, found: Tensor) -> float:
    """Mean of KL(expected ‖ found) over the rows of two tables of logits [tokens, vocabulary]."""
    one, two = expected.double().log_softmax(-1), found.double().log_softmax(-1)
    return float((one.exp() * (one - two)).sum(-1).mean())


def require(reader: str, expected: Tensor, found: Tensor, precision: str) -> Check:
    """EngineError 500 where the two are further apart than the precision explains."""
    limit = LIMITS[precision]
    apart = divergence(expected, found)
    if not apart <= limit:  # also where it is no number
        message = (
            f"{reader} reads the exported model otherwise than it is served ({apart:.2g} nats for each token,"
            f" {limit:.2g} allowed): nothing was kept. Export it in another format."
        )
        raise EngineError(500, "export_differs", message, reader=reader, divergence=apart)
    return Check(reader, max(0.0, apart), limit)


def check_merged(folder: Path, expected: Tensor, prompts: list[list[int]], precision: str) -> Check:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return require("transformers", expected, logits(model.eval(), prompts).to(expected.device), precision)


def check_gguf(
    path: Path, config: Any, tokenizer: Any, expected: Tensor, prompts: list[list[int]], precision: str
) -> list[Check]:
    """By transformers, and by llama.cpp where the extra is installed.

    transformers takes the numbers from the file but not all that it says of the model, as gemma's bent logits
    or qwen's head sizes; those come from `config`. llama.cpp takes everything from the file.
    """
    if config.model_type == "mistral":  # LLaMA's architecture in a GGUF file
        config = LlamaConfig(**{k: x for k, x in config.to_dict().items() if k != "model_type"})
    model = AutoModelForCausalLM.from_pretrained(
        path.parent,
        gguf_file=path.name,
        config=config,
        dtype=torch.float32,
        attn_implementation="eager",
    )
    found = logits(model.eval(), prompts).to(expected.device)
    checks = [require("transformers", expected, found, precision)]
    if llamacpp.installed():
        ends = (
            torch.tensor([len(prompt) for prompt in prompts]).cumsum(0) - 1
        )  # the last token of each prompt
        plain = tokenizer("a", add_special_tokens=False)["input_ids"][0]
        read, tokens = llamacpp.read_back(path, prompts, list(PROMPTS), config.vocab_size, plain)
        if tokens != [tokenizer(text, add_special_tokens=False)["input_ids"] for text in PROMPTS]:
            message = "llama.cpp cuts text into other tokens than the model's own tokenizer: choose merged."
            raise EngineError(500, "export_differs", message, reader="llama.cpp")
        checks.append(require("llama.cpp", expected[ends].cpu(), read, precision))
    return checks
