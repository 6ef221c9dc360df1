"""The beginning of a training that was made elsewhere, run again from its settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from openlora.adapters.store import CONFIG
from openlora.errors import EngineError
from openlora.models.base import BaseInfo, load_tokenizer
from openlora.train.examples import Example
from openlora.train.spec import Kind, Method, Training
from openlora.train.trainer import CHECKPOINT, Trainer, step_count


def train_early(
    base: Path,
    adapter: Path,
    training: Training,
    records: list[Example],
    folder: Path,
    device: torch.device,
    say: Callable[[str], None],
    quantised: bool = False,
) -> None:
    """Train an adapter of the same shape as `adapter` on `records` up to CHECKPOINT; write it to `folder`.

    `quantised`: on the base in four bits, also where the adapter's configuration does not say so.

    Order, initial weights and schedule are this engine's, so the weights are near those that the other
    training passed through, not equal to them, unless it was made here.
    EngineError 400 `bad_adapter` where the adapter's configuration is none of LoRA.
    """
    config = _read_config(adapter)
    method, targets = _shape(adapter, config, quantised)
    tokenizer = load_tokenizer(base)
    pad = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    trainer = Trainer(
        _describe(base, str(config.get("base_model_name_or_path") or base.name)),
        method,
        training,
        pad,
        device,
        targets=targets,
    )
    early = max(1, round(CHECKPOINT * step_count(len(records), training)))
    for step in trainer.steps(records):
        say(f"step {step.number} of {early}: the beginning of the training, run again")
        if step.number == early:
            break
    trainer.save(folder)


def _read_config(adapter: Path) -> dict[str, Any]:
    try:
        config = json.loads((adapter / CONFIG).read_bytes())
        if not isinstance(config, dict):
            raise ValueError("it is no JSON object")
        return config
    except (OSError, ValueError) as error:
        raise _bad(adapter, error) from error


def _shape(adapter: Path, config: dict[str, Any], quantised: bool) -> tuple[Method, list[str] | str]:
    marks: dict[Kind, Any] = {
        "dora": config.get("use_dora"),
        "rslora": config.get("use_rslora"),
        "qlora": quantised or config.get("base_quantization"),
    }
    kinds = [kind for kind, there in marks.items() if there]
    try:
        if len(kinds) > 1:
            raise ValueError(f"a training that is {' and '.join(kinds)} at once is not run again here")
        kind = kinds[0] if kinds else "lora"
        dropout = config.get("lora_dropout", 0.0)
        method = Method(kind=kind, rank=config["r"], alpha=config["lora_alpha"], dropout=dropout)
        targets = config["target_modules"]
        if not (isinstance(targets, str) or (targets and all(isinstance(x, str) for x in targets))):
            raise ValueError("target_modules names no module")
        return method, targets
    except (ValueError, KeyError, ValidationError) as error:
        raise _bad(adapter, error) from error


def _bad(adapter: Path, error: Exception) -> EngineError:
    message = f"{adapter / CONFIG} does not describe a LoRA adapter: {error}."
    return EngineError(400, "bad_adapter", message)


def _describe(base: Path, id: str) -> BaseInfo:
    """What the trainer wants to know of a base that was not set up here."""
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    size = sum(file.stat().st_size for file in base.glob("*.safetensors"))
    return BaseInfo(
        id=id,
        name=base.name,
        family=config["model_type"],
        licence="",
        parameters=size // 2,  # at least so many: two or four bytes each
        context_length=config.get("max_position_embeddings", 0),
        tokenizer_hash="",
        path=base,
    )
