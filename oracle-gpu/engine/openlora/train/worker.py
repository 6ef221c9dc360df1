"""A job in its own process, so that no failure of it can stop the answering of requests.

A training goes on where an earlier process of the same job left it: its state (`state.py`), its log up to
there, what was measured before it began, and its work folder lie in the folder of the job.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import json
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.models.base import choose_device, load_base, load_tokenizer, read_info
from openlora.ops.lora import fit
from openlora.parent import leave_with_parent
from openlora.train import calibrate, estimate, evaluate, memory
from openlora.train.course import LookReport, StepReport, Trained
from openlora.train.data import Split
from openlora.train.events import EventLog
from openlora.train.indexing import index_training
from openlora.train.jobs import WORK, forget
from openlora.train.schedule import prepare, step_count
from openlora.train.spec import Calibration, Job, read_job
from openlora.train.state import FULL, STATE, disk_full, read_facts, saved_step
from openlora.train.threads import choose_threads
from openlora.train.trainer import Trainer
from openlora.train.training_log import TrainingLog
from openlora.verify.hashing import to_hex

BEFORE = "before.json"  # what was measured before the first step
AGAIN = {Job: "start a new job", Calibration: "ask for it again"}


def main(arguments: argparse.Namespace) -> int:
    """Run the job in the folder `--job`; every outcome is an event in its log."""
    leave_with_parent()
    folder: Path = arguments.job
    job = read_job(folder)
    os.nice(19 if isinstance(job, Calibration) else 10)  # answering comes first
    torch.set_num_threads(arguments.threads)
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a process of an engine that was killed may take a moment to leave
        events = EventLog(folder / "events.jsonl")
        try:
            if isinstance(job, Calibration):
                calibrate.run(job, folder, arguments.base, arguments.state, arguments.device, events)
            else:
                run_training(job, folder, arguments.base, arguments.state, arguments.device, events)
            return 0
        except Exception as error:
            fail(events, error, job, folder)
    return 1


def fail(events: EventLog, error: Exception, job: Job | Calibration, folder: Path) -> None:
    """The final event of a job that cannot go on."""
    message, hint = explain(error, job, folder)
    changes = remedies(error, folder)
    events.append("failed", message=message, hint=hint, **({"changes": changes} if changes else {}))


def remedies(error: Exception, folder: Path) -> list[dict[str, Any]]:
    """Settings to try instead, for programs: `[{ set, savesBytes? }]`, the best first."""
    if isinstance(error, EngineError) and error.code == "loss_not_finite":
        return [{"set": {"learningRate": error.detail["rate"] / 2}}]
    return list(memory.read_advice(folder).changes) if memory.is_exhausted(error) else []


def explain(error: Exception, job: Job | Calibration, folder: Path) -> tuple[str, str]:
    """What went wrong and what to do about it, in plain words."""
    if isinstance(error, OSError) and error.errno in FULL:
        error = disk_full(folder / STATE, 0)
    if isinstance(error, EngineError):
        if error.code == "disk_full" and isinstance(job, Job):
            step = saved_step(folder / STATE)
            return error.message, f"Free some space, then resume the job: it goes on after step {step}."
        return error.message, f"Change the request and {AGAIN[type(job)]}."
    if memory.is_exhausted(error):
        return memory.EXHAUSTED, memory.read_advice(folder).hint
    traceback.print_exception(error)
    return (
        f"The job stopped: {error}",
        f"See worker.log in the job's folder; {AGAIN[type(job)]} to try again.",
    )


def run_training(
    job: Job, folder: Path, base: Path, state: Path, device_name: str, events: EventLog
) -> dict[str, Any]:
    """Train, measure, index and store; the result is also the final event. Goes on after a kill."""
    started = time.monotonic()
    device = choose_device(device_name)
    info = read_info(base)
    tokenizer = load_tokenizer(base)
    parts = prepare(tokenizer, job.records, job.training)
    log = _open_log(folder)
    steps = step_count(len(parts.train), job.training)
    if (folder / BEFORE).exists():
        events.append("resumed", step=saved_step(folder / STATE), steps=steps)
    else:
        events.append(
            "started",
            steps=steps,
            trainTokens=estimate.train_tokens(parts, job.training),
            records=len(parts.train),
            heldOut=len(parts.held_out),
        )
    memory.write_advice(folder, job, parts, info)
    store = AdapterStore(state / "adapters")
    work = folder / WORK
    trainer = Trainer(info, job.method, job.training, tokenizer.pad_token_id, device)
    trained, evaluation, parity = _train(trainer, tokenizer, parts, folder, log, events, state)
    del trainer
    gc.collect()  # the trained model has reference cycles, and the index needs its memory
    index, index_speed = index_training(work, info, trained, parts, job, device, parity, events)
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
    if trained.committed:
        result["checkpoints"] = [
            {"step": x.step, "digest": x.digest, "stateHash": x.state_hash} for x in trained.committed
        ]
    events.append("done", result=result)
    (folder / STATE).unlink(missing_ok=True)
    return result


def _open_log(folder: Path) -> TrainingLog:
    """The training's log as it was when its state was saved; without a state all begins anew."""
    path, facts = folder / "log.jsonl", read_facts(folder / STATE)
    if facts is not None and (folder / WORK).exists():
        try:
            return TrainingLog.reopened(path, facts["logSize"], facts["logHead"])
        except (OSError, ValueError):
            pass  # another log than the state was saved with, so neither can be relied on
    forget(folder)
    (folder / WORK).mkdir()  # a state without it is of a training whose adapter was already stored
    return TrainingLog(path)


def _train(
    trainer: Trainer,
    tokenizer: Any,
    parts: Split,
    folder: Path,
    log: TrainingLog,
    events: EventLog,
    state: Path,
) -> tuple[Trained, dict[str, Any], float]:
    """Evaluate, train, evaluate; returns also the trainer's loss on one record, for the parity check."""
    shown = (parts.held_out or parts.train)[: evaluate.SAMPLES]
    work = folder / WORK
    asked = [part for example in parts.held_out for part in example.as_answers()]

    def measure(when: str, before: list[str] | None, adapter: str | None) -> dict[str, Any]:
        with _served(trainer, work, adapter) as model:
            found = evaluate.evaluate(model, asked, trainer.pad, trainer.device, trainer.precision())
            texts = evaluate.answers(model, tokenizer, shown, trainer.device, trainer.precision())
        loss = found and found.loss
        if found and parts.held_out[0].beta is not None:
            loss = trainer.mean_loss(parts.held_out)  # what a training on preferences lowers
        exact = found and found.exact / found.records
        samples = evaluate.sample_rows(shown, texts, before)
        events.append("evaluation", when=when, heldOutLoss=loss, samples=samples)
        return {"loss": loss, "exact": exact, "answers": texts}

    total = estimate.train_tokens(parts, trainer.training)
    index_tokens = sum(len(example.tokens) for example in [*parts.train, *parts.held_out])

    def on_step(report: StepReport) -> None:
        seconds = (report.steps - report.step) / report.steps * total / report.tokens_per_second
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

    def on_look(report: LookReport) -> None:
        events.append("held-out", step=report.step, heldOutLoss=round(report.loss, 6), best=report.best)
        if report.is_over:
            events.append("stopped-early", step=report.step, steps=report.steps, best=report.best)

    path = folder / BEFORE
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        torch.set_num_threads(before["threads"])  # sums round by their number
    else:
        threads = torch.get_num_threads()
        if trainer.device.type == "cpu":
            batch = parts.train[: trainer.training.batchSize]
            threads = choose_threads(partial(trainer.try_step, batch), threads)
        before = {**measure("before", None, None), "threads": threads}
        write_json(path, before)
    trained = trainer.train(
        parts.train, log, work, on_step, on_checkpoint, parts.held_out, folder / STATE, on_look
    )
    after = measure("after", before["answers"], trained.adapter)
    with torch.no_grad():
        parity = float(trainer.record_losses(parts.train[0].as_answers()[:1])[0])
    evaluation = {
        "heldOutLossBefore": before["loss"],
        "heldOutLossAfter": after["loss"],
        "heldOutRecords": len(parts.held_out),
        "exactMatchBefore": before["exact"],
        "exactMatch": after["exact"],
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
