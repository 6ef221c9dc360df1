"""The measured fidelity of a release: its training again, shorter, on halves of its records.

The release answers questions of its own datanet, and every run tells what these answers then cost it. What
is known so far lies in `calibration/` beside the adapter, run by run, so that nothing is measured twice.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.attribution import fidelity
from openlora.attribution.index import INDEX, AttributionIndex, index_leaves
from openlora.attribution.reader import IndexReader
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.models.base import BaseModel, choose_device, load_base, load_tokenizer, read_info
from openlora.ops.lora import fit
from openlora.train import estimate, evaluate
from openlora.train.data import Split
from openlora.train.events import EventLog
from openlora.train.examples import Example
from openlora.train.retrain import Retrainer
from openlora.train.rows import answered
from openlora.train.schedule import prepare
from openlora.train.spec import Calibration, Job, Training, folder_name, read_job
from openlora.train.threads import choose_threads
from openlora.train.trainer import Trainer
from openlora.verify import hashing

BUDGET = 4  # a run has the training's epochs divided by this, at least one so that it sees each record
QUESTIONS = 24
ANSWER_BATCH = 8
DATA = "data.json"
MICRO = 1_000_000  # losses are kept in millionths of a nat


@dataclass
class Kept:
    """What was measured so far of one adapter; losses [runs][questions] in micro-nats."""

    path: Path
    epochs: int
    answers: list[str]
    losses: list[list[int]]

    def save(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        body = {"epochs": self.epochs, "answers": self.answers, "losses": self.losses}
        write_json(self.path, body)


def read_kept(adapter: Path, epochs: int) -> Kept:
    """Of the adapter in that folder; empty where nothing is known of runs of so many epochs."""
    path = adapter / "calibration" / "runs.json"
    if path.exists():
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["epochs"] == epochs:
            return Kept(path, epochs, body["answers"], body["losses"])
    return Kept(path, epochs, [], [])


def run_epochs(training: Training) -> int:
    return -(-training.epochs // BUDGET)


def choose_questions(parts: Split) -> list[Example]:
    """Records whose questions are asked: those held out, evenly spread, then those trained on."""
    unseen = _spread(parts.held_out, QUESTIONS)
    return unseen + _spread(parts.train, QUESTIONS - len(unseen))


def _spread(examples: Sequence[Example], count: int) -> list[Example]:
    count = min(count, len(examples))
    return [examples[at * len(examples) // count] for at in range(count)]


def require_questions(parts: Split) -> list[Example]:
    """The questions; EngineError 409 where the records are too few to tell anything."""
    questions = choose_questions(parts)
    if len(questions) < fidelity.MIN_QUESTIONS or len(parts.train) < fidelity.MIN_QUESTIONS:
        least = fidelity.MIN_QUESTIONS
        message = f"{len(parts.train)} records are too few to measure: {least} and as many questions are."
        raise EngineError(409, "too_few_records", message)
    return questions


def calibration_estimate(
    source: Job, parts: Split, runs: int, adapter: Path, speed: float, index_speed: float
) -> dict[str, Any]:
    """What is still to be done, in seconds. Speeds: tokens a second of training and of gradients."""
    questions = require_questions(parts)
    epochs = run_epochs(source.training)
    kept = read_kept(adapter, epochs)
    tokens = sum(len(example.tokens) for example in parts.train) / 2  # a run skips half of the records
    asked = sum(len(example.tokens) for example in questions)
    left = max(0, runs - len(kept.losses))
    # Reading costs a third of training: there is no backward pass.
    seconds = left * (tokens * epochs + asked / 3) / speed + asked / index_speed + estimate.START_SECONDS
    return {
        "seconds": round(seconds),
        "trainTokens": round(runs * tokens * epochs),
        "runs": runs,
        "runsDone": min(runs, len(kept.losses)),
        "questions": len(questions),
        "records": len(parts.train),
    }


def run(job: Calibration, folder: Path, base: Path, state: Path, device_name: str, events: EventLog) -> None:
    """Go on where the runs so far ended; the number, its interval and its data are the result."""
    started = time.monotonic()
    source = read_job(folder.parent / folder_name(job.job))
    if not isinstance(source, Job):
        raise EngineError(409, "not_a_training", f"Job {job.job} is no training: name one.")
    device = choose_device(device_name)
    info = read_info(base)
    tokenizer = load_tokenizer(base)
    training = source.training
    parts = prepare(tokenizer, source.records, training)
    asked = require_questions(parts)
    adapter = AdapterStore(state / "adapters").folder(job.adapter)
    # With a mix, or stopped early, a training need not have come to all of its records.
    listed = {leaf["recordId"] for leaf in index_leaves(adapter / "index")}
    trained = [example for example in parts.train if example.record_id in listed]
    kept = read_kept(adapter, run_epochs(training))
    events.append("started", steps=job.runs, records=len(trained), questions=len(asked))
    if not kept.answers:
        exact = load_base(base, torch.float32, device, "eager")
        kept.answers = _answers(exact, tokenizer, adapter, job.adapter, asked)
        del exact
        gc.collect()
        kept.save()
    questions = [example.messages[:-1] for example in asked]
    names = [example.record_id for example in asked]
    targets = answered(tokenizer, questions, names, kept.answers, training.maxLength)
    if len(kept.losses) < job.runs:
        short = training.model_copy(update={"epochs": kept.epochs, "patience": 0})
        trainer = Trainer(info, source.method, short, tokenizer.pad_token_id, device)
        threads = torch.get_num_threads()
        if device.type == "cpu":
            choose_threads(partial(trainer.try_step, parts.train[: training.batchSize]), threads)
        _retrain(job, trainer, parts.train, trained, targets, kept, events)
        torch.set_num_threads(threads)  # a query's, as for a call
        del trainer
        gc.collect()
    quantised = source.method.kind == "qlora"
    trained_on = load_base(base, torch.float32, device, "eager", quantised)
    data = _data(job, adapter, trained_on, trained, targets, kept)
    found = measure_data(data)
    body = hashing.canonical(data)
    (folder / DATA).write_bytes(body)
    result = {
        "adapter": job.adapter,
        "ldsBps": found.lds_bps,
        "lowBps": found.low_bps,
        "highBps": found.high_bps,
        "runs": job.runs,
        "questions": len(targets),
        "records": len(trained),
        "dataHash": hashing.to_hex(hashing.keccak256(body)),
        "seconds": round(time.monotonic() - started),
    }
    events.append("done", result=result)


def measure_data(data: dict[str, Any]) -> fidelity.Fidelity:
    """The number that a calibration's file stands for."""
    scores = [question["scores"] for question in data["questions"]]
    return fidelity.measure(data["adapter"], scores, data["losses"], data["records"])


def _answers(
    base: BaseModel, tokenizer: Any, folder: Path, adapter: str, asked: Sequence[Example]
) -> list[str]:
    """What the release itself answers, greedily."""
    weights = fit(read_adapter(folder, adapter).weights, base.switch, torch.float32, base.device)
    found: list[str] = []
    with base.switch.use(weights):
        for start in range(0, len(asked), ANSWER_BATCH):
            batch = asked[start : start + ANSWER_BATCH]
            found += evaluate.answers(base.model, tokenizer, batch, base.device, torch.no_grad())
    return found


def _retrain(
    job: Calibration,
    trainer: Trainer,
    train: list[Example],
    indexed: Sequence[Example],
    targets: Sequence[Example],
    kept: Kept,
    events: EventLog,
) -> None:
    retrainer = Retrainer(trainer, train)
    began, first = time.monotonic(), len(kept.losses)
    for run in range(first, job.runs):
        taken = fidelity.half_subset(job.adapter, run, len(indexed))
        retrainer.run({indexed[at].record_id for at in taken}, lambda step, steps: None)
        kept.losses.append([round(float(loss) * MICRO) for loss in retrainer.losses(targets)])
        kept.save()
        left = (time.monotonic() - began) / (run + 1 - first) * (job.runs - run - 1)
        events.append("run", step=run + 1, steps=job.runs, secondsLeft=round(left))


def _data(
    job: Calibration,
    folder: Path,
    base: BaseModel,
    train: Sequence[Example],
    targets: Sequence[Example],
    kept: Kept,
) -> dict[str, Any]:
    """All that the number follows from (docs/calibration.md): the index as shipped, asked as by a call."""
    index = AttributionIndex(folder / "index")
    head = json.loads((folder / "index" / INDEX).read_text(encoding="utf-8"))
    if [leaf.record_id for leaf in index.leaves] != [example.record_id for example in train]:
        message = "The attribution index is of other records: train the release again."
        raise EngineError(409, "index_tampered", message)
    checkpoint = read_adapter(folder / "checkpoint", index.checkpoint)
    weights = fit(checkpoint.weights, base.switch, base.dtype, base.device)
    reader = IndexReader(index, base, weights)
    questions = []
    for target in targets:
        query = reader.query(target)
        questions.append(
            {
                "recordId": target.record_id,
                "tokens": len(target.tokens),
                "tokensRoot": hashing.to_hex(hashing.tokens_root(target.tokens)),
                "query": hashing.to_hex(query.tobytes()),
                "scores": [int(score) for score in reader.scores(query)],
            }
        )
    return {
        "version": 1,
        "adapter": job.adapter,
        "records": len(train),
        "k": index.k,
        "projectionHash": head["projectionHash"],
        "epochs": kept.epochs,
        "questions": questions,
        "losses": kept.losses[: job.runs],
    }
