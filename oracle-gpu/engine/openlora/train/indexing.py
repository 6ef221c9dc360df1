"""From a finished training to the attribution index of its adapter, in the training's own process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from openlora.adapters.store import read_adapter
from openlora.attribution.index import build_index
from openlora.attribution.spans import FOLDER as SPANS
from openlora.attribution.spans import build_spans
from openlora.errors import EngineError
from openlora.models.base import BaseInfo, load_base
from openlora.ops.lora import fit
from openlora.train.course import Trained
from openlora.train.data import Split, collate
from openlora.train.events import EventLog
from openlora.train.examples import Example
from openlora.train.losses import token_losses
from openlora.train.schedule import loss_divisor
from openlora.train.spec import Job

# Trainer and engine run different code over the same weights; more than this much apart is a defect.
PARITY = 0.05


def index_training(
    work: Path,
    info: BaseInfo,
    trained: Trained,
    parts: Split,
    job: Job,
    device: torch.device,
    trainer_loss: float,
    events: EventLog,
) -> tuple[dict[str, Any], float]:
    """Build the index with the engine's own layers, after checking they say what PEFT's say.

    `trainer_loss`: of the first record's answer, by the trainer. Returns what goes into the job's result,
    and the speed in tokens per second.
    """
    quantised = job.method.kind == "qlora"
    base = load_base(info.path, torch.float32, device, "eager", quantised)
    _check_parity(base, work, trained.adapter, parts.train[0], trainer_loss)
    weights = read_adapter(work / "checkpoint", trained.checkpoint).weights
    divisor = loss_divisor(parts.train, job.training.perStep)
    build_spans(work / SPANS, [example.tokens for example in trained.records], base.model.config.vocab_size)
    started = time.monotonic()

    def progress(done: int, total: int) -> None:
        events.append("index", done=done, total=total)

    head = build_index(
        work / "index",
        base,
        fit(weights, base.switch, torch.float32, device),
        trained.checkpoint,
        trained.records,
        parts.held_out,
        divisor,
        progress,
        max_length=job.training.maxLength,
    )
    tokens = sum(len(example.tokens) for example in [*trained.records, *parts.held_out])
    return head, tokens / (time.monotonic() - started)


def _check_parity(base: Any, work: Path, adapter: str, example: Example, expected: float) -> None:
    weights = fit(read_adapter(work, adapter).weights, base.switch, torch.float32, base.device)
    batch = collate(example.as_answers()[:1], 0, base.device)
    with torch.no_grad(), base.switch.use(weights):
        found = float(token_losses(base.model, batch)[0].sum())
    if abs(found - expected) > PARITY * max(expected, len(batch.targets) * 0.1):
        raise EngineError(
            500,
            "parity",
            f"The saved adapter differs from the trained one: {found:.3f} against {expected:.3f}.",
        )
