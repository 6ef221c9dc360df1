"""A job in its own process, so that no failure of it can stop the answering of requests."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.attribution.index import build_index
from openlora.attribution.spans import FOLDER as SPANS
from openlora.attribution.spans import build_spans
from openlora.errors import EngineError
from openlora.models.base import BaseInfo, choose_device, load_base, load_tokenizer, read_info
from openlora.ops.lora import fit
from openlora.train import calibrate, estimate, evaluate
from openlora.train.data import Split, collate, make_examples, split
from openlora.train.events import EventLog
from openlora.train.spec import Calibration, Job, read_job
from openlora.train.threads import choose_threads
from openlora.train.trainer import StepReport, Trained, Trainer, loss_divisor, step_count
from openlora.train.training_log import TrainingLog
from openlora.verify.hashing import to_hex

# Trainer and engine run different code over the same weights; more than this much apart is a defect.
PARITY = 0.05
AGAIN = {Job: "start a new job", Calibration: "ask for it again"}


def main(arguments: argparse.Namespace) -> int:
    """Run the job in the folder `--job`; every outcome is an event in its log."""
    _leave_with_parent()
    folder: Path = arguments.job
    job = read_job(folder)
    os.nice(19 if isinstance(job, Calibration) else 10)  # answering comes first
    torch.set_num_threads(arguments.threads)
    events = EventLog(folder / "events.jsonl")
    try:
        if isinstance(job, Calibration):
            calibrate.run(job, folder, arguments.base, arguments.state, arguments.device, events)
        else:
            _run(job, folder, arguments.base, arguments.state, arguments.device, events)
        return 0
    except EngineError as error:
        events.append("failed", message=error.message, hint=f"Change the request and {AGAIN[type(job)]}.")
    except (MemoryError, torch.OutOfMemoryError):
        hint = f"Free memory, or lower batchSize or maxLength, and {AGAIN[type(job)]}."
        events.append("failed", message="The job ran out of memory.", hint=hint)
    except Exception as error:
        traceback.print_exc()
        hint = f"See worker.log in the job's folder; {AGAIN[type(job)]} to try again."
        events.append("failed", message=f"The job stopped: {error}", hint=hint)
    return 1


def _leave_with_parent() -> None:
    """The engine holds the other end of our standard input: when it is gone, so are we."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def _run(job: Job, folder: Path, base: Path, state: Path, device_name: str, events: EventLog) -> None:
    started = time.monotonic()
    device = choose_device(device_name)
    info = read_info(base)
    tokenizer = load_tokenizer(base)
    records = [record.plain for record in job.records]
    parts = split(make_examples(tokenizer, records, job.training.maxLength), job.training.heldOutEvery)
    steps = step_count(len(parts.train), job.training)
    events.append(
        "started",
        steps=steps,
        trainTokens=sum(len(example.tokens) for example in parts.train) * job.training.epochs,
        records=len(parts.train),
        heldOut=len(parts.held_out),
    )
    store = AdapterStore(state / "adapters")
    work = store.workspace()
    trainer = Trainer(info, job.method, job.training, tokenizer.pad_token_id, device)
    if device.type == "cpu":
        batch = parts.train[: job.training.batchSize]
        choose_threads(partial(trainer.try_step, batch), torch.get_num_threads())
    trained, evaluation, parity = _train(trainer, tokenizer, parts, folder, work, events, state)
    del trainer
    gc.collect()  # the trained model has reference cycles, and the index needs its memory
    index, index_speed = _index(work, info, trained, parts, job, device, parity, events)
    adapter = store.put(work)
    estimate.remember(state, job.method.kind, trained.tokens_per_second, index_speed)
    result = {
        "adapter": adapter,
        "adapterBytes": store.file(adapter, "adapter_model.safetensors").stat().st_size,
        "baseModel": info.id,
        "tokenizerHash": info.tokenizer_hash,
        "trainingLogRoot": to_hex(trained.log_root),
        "checkpoint": {"step": trained.checkpoint_step, "digest": trained.checkpoint},
        "index": index,
        "evaluation": evaluation,
        "seconds": round(time.monotonic() - started),
    }
    events.append("done", result=result)


def _train(
    trainer: Trainer,
    tokenizer: Any,
    parts: Split,
    folder: Path,
    work: Path,
    events: EventLog,
    state: Path,
) -> tuple[Trained, dict[str, Any], float]:
    """Evaluate, train, evaluate; returns also the trainer's loss on one record, for the parity check."""
    shown = (parts.held_out or parts.train)[: evaluate.SAMPLES]

    def measure(
        when: str, before: list[str] | None, adapter: str | None
    ) -> tuple[evaluate.Measure | None, list[str]]:
        with _served(trainer, work, adapter) as model:
            found = evaluate.evaluate(model, parts.held_out, trainer.pad, trainer.device, trainer.precision())
            texts = evaluate.answers(model, tokenizer, shown, trainer.device, trainer.precision())
        loss = None if found is None else found.loss
        samples = evaluate.sample_rows(shown, texts, before)
        events.append("evaluation", when=when, heldOutLoss=loss, samples=samples)
        return found, texts

    total = sum(len(example.tokens) for example in parts.train)
    index_tokens = total + sum(len(example.tokens) for example in parts.held_out)

    def on_step(report: StepReport) -> None:
        left = (report.steps - report.step) / report.steps * total * trainer.training.epochs
        seconds = left / report.tokens_per_second
        as_lora = report.tokens_per_second / estimate.SPEED[trainer.method.kind]
        seconds += index_tokens / estimate.index_speed(state, as_lora)
        events.append(
            "step",
            step=report.step,
            steps=report.steps,
            epoch=report.epoch,
            loss=round(report.loss, 6),
            learningRate=report.learning_rate,
            tokensPerSecond=round(report.tokens_per_second, 1),
            secondsLeft=round(seconds),
        )

    def on_checkpoint(step: int, digest: str, head: bytes) -> None:
        events.append("checkpoint", step=step, digest=digest, logHead=to_hex(head))

    before, base_answers = measure("before", None, None)
    log = TrainingLog(folder / "log.jsonl")
    trained = trainer.train(parts.train, log, work, on_step, on_checkpoint)
    after, _ = measure("after", base_answers, trained.adapter)
    with torch.no_grad():
        parity = float(trainer.record_losses(parts.train[:1])[0])
    evaluation = {
        "heldOutLossBefore": before and before.loss,
        "heldOutLossAfter": after and after.loss,
        "heldOutRecords": len(parts.held_out),
        "exactMatchBefore": before and before.exact / before.records,
        "exactMatch": after and after.exact / after.records,
    }
    return trained, evaluation, parity


@contextmanager
def _served(trainer: Trainer, work: Path, adapter: str | None) -> Iterator[Any]:
    """The model as it will answer: what QLoRA trains on in four bits is served whole."""
    if trainer.method.kind != "qlora":
        yield trainer.model
        return
    base = load_base(trainer.info.path, trainer.dtype, trainer.device, "eager")
    stored = read_adapter(work, adapter).weights if adapter else {}
    with base.switch.use(fit(stored, base.switch, base.dtype, base.device)):
        yield base.model


def _index(
    work: Path,
    info: BaseInfo,
    trained: Trained,
    parts: Split,
    job: Job,
    device: torch.device,
    trainer_loss: float,
    events: EventLog,
) -> tuple[dict[str, Any], float]:
    """Build the attribution index with the engine's own layers, after checking they say what PEFT's say."""
    quantised = job.method.kind == "qlora"
    base = load_base(info.path, torch.float32, device, "eager", quantised)
    _check_parity(base, work, trained.adapter, parts, trainer_loss)
    weights = read_adapter(work / "checkpoint", trained.checkpoint).weights
    divisor = loss_divisor(parts.train, job.training.batchSize)
    build_spans(work / SPANS, [example.tokens for example in parts.train], base.model.config.vocab_size)
    started = time.monotonic()

    def progress(done: int, total: int) -> None:
        events.append("index", done=done, total=total)

    head = build_index(
        work / "index",
        base,
        fit(weights, base.switch, torch.float32, device),
        trained.checkpoint,
        parts.train,
        parts.held_out,
        divisor,
        progress,
        max_length=job.training.maxLength,
    )
    tokens = sum(len(example.tokens) for example in [*parts.train, *parts.held_out])
    return head, tokens / (time.monotonic() - started)


def _check_parity(base: Any, work: Path, adapter: str, parts: Split, expected: float) -> None:
    weights = fit(read_adapter(work, adapter).weights, base.switch, torch.float32, base.device)
    example = parts.train[0]
    batch = collate([example], 0, base.device)
    with torch.no_grad(), base.switch.use(weights):
        found = float(evaluate.token_losses(base.model, batch)[0].sum())
    if abs(found - expected) > PARITY * max(expected, len(batch.targets) * 0.1):
        raise EngineError(
            500,
            "parity",
            f"The saved adapter differs from the trained one: {found:.3f} against {expected:.3f}.",
        )
