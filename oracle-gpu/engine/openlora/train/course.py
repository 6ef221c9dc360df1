"""The course of one training: its log, its checkpoints, what is kept for going on, and when it stops."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openlora.train.examples import Example
from openlora.train.schedule import loss_divisor, step_count, steps_of
from openlora.train.spec import Training
from openlora.train.state import COMMITTED, STATE, TrainState, read_state, write_state
from openlora.train.stopping import Stopping
from openlora.train.training_log import TrainingLog, nanos
from openlora.verify import hashing

if TYPE_CHECKING:
    from openlora.train.trainer import Step, Trainer

CHECKPOINT = 0.375  # of all steps: where attribution takes its gradients (docs/decisions/0021)
SAVES = 20  # states kept in the course of a training that does not say how often, each in place of the last
EARLY = "checkpoint"  # folder of the adapter as it was then
# Settings that came after the first releases: a log names those that are not as they were then.
LATER = {
    "heldOutBy",
    "accumulate",
    "schedule",
    "warmup",
    "packing",
    "patience",
    "checkpointEvery",
    "beta",
    "mix",
}


@dataclass(frozen=True)
class StepReport:
    step: int
    steps: int
    epoch: int
    loss: float  # mean per unit of the step's records
    learning_rate: float
    tokens_per_second: float


@dataclass(frozen=True)
class LookReport:
    """A look at the held-out records after an epoch."""

    step: int
    steps: int
    loss: float  # mean per unit
    best: int  # step of the best epoch so far
    is_over: bool  # whether the training ends here, before its last planned step


@dataclass(frozen=True)
class Checkpoint:
    step: int
    digest: str  # of the adapter
    state_hash: str | None = None  # sha256 of the training's state, where it is kept


@dataclass(frozen=True)
class Trained:
    adapter: str
    checkpoint: str
    checkpoint_step: int
    log_root: bytes
    tokens_per_second: float
    records: list[Example]  # that were trained on: with a mix, or stopped early, not all need have been
    step: int  # that the adapter is of
    committed: list[Checkpoint]  # every `checkpointEvery` steps


def run(
    trainer: Trainer,
    examples: list[Example],
    log: TrainingLog,
    folder: Path,
    on_step: Callable[[StepReport], None],
    on_checkpoint: Callable[[int, str, bytes], None],
    held_out: Sequence[Example],
    keep: Path | None,
    on_look: Callable[[LookReport], None],
) -> Trained:
    """See `Trainer.train`. `log` is as it was when the state in `keep` was saved, or empty."""
    found = read_state(keep) if keep else None
    course = _Course(trainer, examples, log, folder, on_step, on_checkpoint, held_out, keep, on_look)
    if found is None:
        log.append(start_entry(trainer, loss_divisor(examples, trainer.training.perStep)))
    else:
        course.resume(found)
    if not course.is_over:
        for step in trainer.steps(examples, state=found):
            course.take(step)
            if course.is_over:
                break
    return course.finish()


class _Course:
    def __init__(
        self,
        trainer: Trainer,
        examples: list[Example],
        log: TrainingLog,
        folder: Path,
        on_step: Callable[[StepReport], None],
        on_checkpoint: Callable[[int, str, bytes], None],
        held_out: Sequence[Example],
        keep: Path | None,
        on_look: Callable[[LookReport], None],
    ) -> None:
        self._trainer, self._examples, self._log, self._folder = trainer, examples, log, folder
        self._on_step, self._on_checkpoint, self._on_look = on_step, on_checkpoint, on_look
        self._held_out, self._keep = held_out, keep
        self._committed = (keep.parent if keep else folder) / COMMITTED
        training = trainer.training
        self._steps = step_count(len(examples), training)
        self._per_epoch = self._steps // training.epochs
        self._early = max(1, round(CHECKPOINT * self._steps))
        self._stopping = Stopping(training.patience, trainer.parameters)
        self._checkpoints: list[Checkpoint] = []  # all that are kept, the early one among them
        self._tokens, self._earlier, self._started = 0, 0.0, time.monotonic()
        self.step = 0
        self.is_over = False

    def resume(self, state: TrainState) -> None:
        facts = state.facts
        self.step, self.is_over = state.step, facts["over"]
        self._tokens, self._earlier = facts["tokens"], facts["seconds"]
        self._checkpoints = [Checkpoint(*item) for item in facts["checkpoints"]]
        self._stopping.resume(state)
        if self.is_over:  # only what follows the training is left to do
            self._trainer.restore(state)

    def take(self, step: Step) -> None:
        """Note a step that was taken; save, commit and stop where it is time to."""
        self.step, records = step.number, step.records
        self._log.step(step.number, [x.record_id for x in records], step.learning_rate, step.losses)
        self._tokens += sum(len(record.tokens) for record in records)
        mean = sum(step.losses) / sum(record.units for record in records)
        self._on_step(
            StepReport(step.number, step.steps, step.epoch, mean, step.learning_rate, self._speed())
        )
        training = self._trainer.training
        due = training.checkpointEvery > 0 and step.number % training.checkpointEvery == 0
        looks = training.patience > 0 and step.number % self._per_epoch == 0
        if looks:
            loss = self._trainer.mean_loss(self._held_out)
            self.is_over = self._stopping.is_over(step.number, loss)
            is_early = self.is_over and step.number < self._steps
            self._on_look(LookReport(step.number, self._steps, loss, self._stopping.step, is_early))
        self.is_over = self.is_over or step.number == self._steps
        if step.number == self._early:
            self._commit(self._folder / EARLY, False)
        if due or (looks and step.number != self._early):
            self._commit(self._committed / str(step.number), due)
        every = training.checkpointEvery or max(1, self._steps // SAVES)
        if self._keep and (due or self.is_over or step.number % every == 0):
            write_state(self._keep, self._state())

    def _commit(self, folder: Path, with_state: bool) -> None:
        digest = self._trainer.save(folder)
        state_hash = None
        if with_state:
            # What the next steps depend on and nothing else, so that whoever replays them has the same bytes.
            write_state(folder / STATE, TrainState(self.step, {}, self._trainer.state()))
            state_hash = hashing.to_hex(hashing.sha256_file(folder / STATE))
        self._log.checkpoint(self.step, digest, state_hash)
        self._checkpoints.append(Checkpoint(self.step, digest, state_hash))
        self._on_checkpoint(self.step, digest, self._log.head)

    def _state(self) -> TrainState:
        facts, tensors = self._stopping.kept
        facts |= {
            "over": self.is_over,
            "tokens": self._tokens,
            "seconds": self._seconds(),
            "checkpoints": [[x.step, x.digest, x.state_hash] for x in self._checkpoints],
            "logSize": self._log.size,
            "logHead": hashing.to_hex(self._log.head),
        }
        return TrainState(self.step, facts, {**self._trainer.state(), **tensors})

    def finish(self) -> Trained:
        """The adapter, and of its checkpoints the one that attribution takes its gradients at."""
        kept = self.step
        if self._trainer.training.patience:
            self._stopping.restore()
            kept = self._stopping.step
        early = self._early_of(kept)
        speed = self._speed()
        adapter = self._trainer.save(self._folder)
        self._log.checkpoint(kept, adapter)
        self._on_checkpoint(kept, adapter, self._log.head)
        records = self._trained_on(kept)
        committed = [x for x in self._checkpoints if x.state_hash is not None]
        return Trained(adapter, early.digest, early.step, self._log.head, speed, records, kept, committed)

    def _early_of(self, kept: int) -> Checkpoint:
        """Three eighths of what was planned, or, where the best epoch is not the last, of what was kept."""
        if kept == self._steps:
            return next(x for x in self._checkpoints if x.step == self._early)
        wanted = CHECKPOINT * kept
        known = [x for x in self._checkpoints if x.step <= kept]
        found = min(known, key=lambda x: (abs(x.step - wanted), x.step))
        if found.step != self._early:
            shutil.rmtree(self._folder / EARLY, ignore_errors=True)
            shutil.copytree(self._committed / str(found.step), self._folder / EARLY)
        return found

    def _trained_on(self, kept: int) -> list[Example]:
        """Records of the first `kept` steps, in their own order."""
        steps = islice(steps_of(self._examples, self._trainer.training), kept)
        seen = {example.record_id for _, batches in steps for batch in batches for example in batch}
        return [example for example in self._examples if example.record_id in seen]

    def _seconds(self) -> float:
        return self._earlier + time.monotonic() - self._started

    def _speed(self) -> float:
        return self._tokens / max(self._seconds(), 1e-9)


def start_entry(trainer: Trainer, divisor: int) -> dict[str, Any]:
    """The log's first entry. What may be left out of a training's settings is in it where it is chosen."""
    method, training = trainer.method, trainer.training
    return {
        "type": "start",
        "base": trainer.info.id,
        "method": {
            "kind": method.kind,
            "rank": method.rank,
            "alpha": method.alpha,
            "dropoutNanos": nanos(method.dropout),
            "targetModules": method.targetModules,
        },
        "training": {
            "epochs": training.epochs,
            "learningRateNanos": nanos(training.learningRate),
            "batchSize": training.batchSize,
            "maxLength": training.maxLength,
            "heldOutEvery": training.heldOutEvery,
            "lossDivisor": divisor,
            **_chosen(training),
        },
        "seed": training.seed,
    }


def _chosen(training: Training) -> dict[str, Any]:
    found = training.model_dump(include=LATER, exclude_defaults=True)
    for name in ("warmup", "beta"):
        if name in found:
            found[f"{name}Nanos"] = nanos(found.pop(name))
    return found
