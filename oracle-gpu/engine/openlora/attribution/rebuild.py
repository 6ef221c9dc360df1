"""A damaged index built again, from the records that the training job still holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.attribution.index import build_index
from openlora.attribution.spans import FOLDER as SPANS
from openlora.attribution.spans import build_spans
from openlora.errors import EngineError
from openlora.models.base import choose_device, load_base, load_tokenizer
from openlora.ops.lora import cast
from openlora.train.data import make_examples, split
from openlora.train.events import read_events
from openlora.train.spec import Job
from openlora.train.trainer import loss_divisor


def rebuild_index(state: Path, base: Path, adapter: str, device: str, say: Callable[[str], None]) -> None:
    """Put the index and the tokens of `adapter` back as its release commits to them.

    EngineError 404 where no job here trained it, 409 where the result is another index than committed: then
    nothing is changed. Give the engine's own number of threads, which the last bits depend on.
    """
    chosen = choose_device(device)
    folder = AdapterStore(state / "adapters", chosen, torch.float32, 0).folder(adapter)
    job, result = _find(state / "jobs", adapter)
    tokenizer = load_tokenizer(base)
    records = [record.plain for record in job.records]
    parts = split(make_examples(tokenizer, records, job.training.maxLength), job.training.heldOutEvery)
    checkpoint = result["checkpoint"]["digest"]
    weights = read_adapter(folder / "checkpoint", checkpoint).weights
    model = load_base(base, torch.float32, chosen, "eager")
    fresh = folder / "index.new"  # kept when this is killed: the next call goes on
    head = build_index(
        fresh,
        model,
        cast(weights, torch.float32, chosen),
        checkpoint,
        parts.train,
        parts.held_out,
        loss_divisor(parts.train, job.training.batchSize),
        lambda done, total: say(f"gradients of {done} of {total} records"),
    )
    committed = result["index"]
    if {**head, **committed} != head:
        shutil.rmtree(fresh)
        message = (
            f"The index built again for {adapter} is not the one that its release commits to:"
            " use the machine and the number of threads that it was trained with."
        )
        raise EngineError(409, "index_differs", message)
    shutil.rmtree(folder / "index", ignore_errors=True)
    fresh.rename(folder / "index")
    vocabulary = model.model.config.vocab_size
    build_spans(folder / SPANS, [example.tokens for example in parts.train], vocabulary)


def _find(jobs: Path, adapter: str) -> tuple[Job, dict[str, Any]]:
    """The finished job that trained the adapter, and its result."""
    for path in sorted(jobs.glob("*/job.json")):
        events = read_events(path.parent / "events.jsonl")
        result = events[-1].get("result") if events else None
        if result and result["adapter"] == adapter:
            return Job.model_validate_json(path.read_bytes()), result
    message = f"No job here trained {adapter}, so its records are not here: train it again."
    raise EngineError(404, "job_not_found", message)
