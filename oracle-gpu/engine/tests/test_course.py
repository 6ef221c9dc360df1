"""The course of a training: stopped and gone on with bit by bit, replayed in part, stopped in time."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from openlora.adapters.store import adapter_id, read_adapter
from openlora.errors import EngineError
from openlora.models.base import load_tokenizer, read_info
from openlora.train import course
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.schedule import step_count
from openlora.train.spec import Method, Share, Training
from openlora.train.state import COMMITTED, STATE, TrainState, read_facts, read_state, saved_step, write_state
from openlora.train.trainer import Trainer
from openlora.train.training_log import TrainingLog

from .conftest import record

CPU = torch.device("cpu")
PLAIN = Training(epochs=2, batchSize=4, learningRate=0.01)
# Everything that draws random numbers or adds up over a step.
RICH = Training(
    epochs=2, batchSize=2, accumulate=2, packing=True, schedule="cosine", learningRate=0.01, checkpointEvery=2
)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def examples(base_path: Path) -> list[Example]:
    return make_examples(load_tokenizer(base_path), [record(i) for i in range(14)], 128)


def make_trainer(base_path: Path, training: Training, dropout: float = 0.1) -> Trainer:
    return Trainer(read_info(base_path), Method(rank=2, dropout=dropout), training, 2, CPU)


def train(
    trainer: Trainer,
    examples: list[Example],
    folder: Path,
    stop: int = 0,
    held_out: Sequence[Example] = (),
    on_look: Callable[[course.LookReport], None] = lambda _: None,
) -> course.Trained:
    """As a job does it; killed after step `stop`, where there is one."""
    folder.mkdir(exist_ok=True)
    facts = read_facts(folder / STATE)
    path = folder / "log.jsonl"
    log = (
        TrainingLog(path) if facts is None else TrainingLog.reopened(path, facts["logSize"], facts["logHead"])
    )

    def on_step(report: course.StepReport) -> None:
        if report.step == stop:
            raise Killed

    return trainer.train(
        examples, log, folder / "work", on_step, lambda *_: None, held_out, folder / STATE, on_look
    )


@pytest.mark.parametrize("training", [PLAIN, RICH], ids=["plain", "rich"])
def test_a_training_that_was_killed_ends_with_the_same_bits(
    training: Training, base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    whole = train(make_trainer(base_path, training), examples, tmp_path / "whole")
    for stop in (3, 6):  # twice: before and after what was kept last
        with pytest.raises(Killed):
            train(make_trainer(base_path, training), examples, tmp_path / "killed", stop)
        torch.manual_seed(stop)  # what else the process may have drawn does not matter
    assert 0 < saved_step(tmp_path / "killed" / STATE) < 6
    resumed = train(make_trainer(base_path, training), examples, tmp_path / "killed")
    assert (resumed.adapter, resumed.checkpoint) == (whole.adapter, whole.checkpoint)
    assert resumed.log_root == whole.log_root
    assert resumed.committed == whole.committed
    logs = [(tmp_path / name / "log.jsonl").read_bytes() for name in ("whole", "killed")]
    assert logs[0] == logs[1]


def test_a_training_that_had_ended_is_not_run_again(
    base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    whole = train(make_trainer(base_path, PLAIN), examples, tmp_path)
    again = train(make_trainer(base_path, PLAIN), examples, tmp_path, stop=1)
    assert (again.adapter, again.log_root) == (whole.adapter, whole.log_root)


def test_a_log_names_what_was_chosen_and_else_is_as_it_was(base_path: Path) -> None:
    plain = course.start_entry(make_trainer(base_path, PLAIN), 9)["training"]
    old = {"epochs", "learningRateNanos", "batchSize", "maxLength", "heldOutEvery", "lossDivisor"}
    assert set(plain) == old
    rich = course.start_entry(make_trainer(base_path, RICH), 9)["training"]
    assert set(rich) - old == {"accumulate", "packing", "schedule", "checkpointEvery"}
    warm = Training(warmup=0.25, mix=[Share(datanet=1, weight=2)])
    entry = course.start_entry(make_trainer(base_path, warm), 9)["training"]
    assert (entry["warmupNanos"], entry["mix"]) == (250_000_000, [{"datanet": 1, "weight": 2}])


def test_whoever_has_a_committed_state_can_replay_the_steps_after_it(
    base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    done = train(make_trainer(base_path, RICH), examples, tmp_path)
    assert [x.step for x in done.committed] == [2, 4, 6, 8]
    start, end = done.committed[0], done.committed[1]
    folder = tmp_path / COMMITTED
    assert adapter_id(folder / str(start.step)) == start.digest
    state = read_state(folder / str(start.step) / STATE)
    assert state is not None
    juror = make_trainer(base_path, RICH)
    for step in juror.steps(examples, state=state):
        if step.number == end.step:
            break
    assert juror.save(tmp_path / "replayed") == end.digest
    write_state(tmp_path / "replayed" / STATE, TrainState(end.step, {}, juror.state()))
    ours = (tmp_path / "replayed" / STATE).read_bytes()
    assert ours == (folder / str(end.step) / STATE).read_bytes(), "its hash is in the log"


def test_a_state_on_a_full_disk_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / STATE
    write_state(path, TrainState(3, {"a": 1}, {"p.0": torch.ones(2)}))
    path.with_suffix(".partial").symlink_to("/dev/full")  # every write to it fails as on a full disk
    with pytest.raises(EngineError, match=r"disk is full.*resume the job") as refusal:
        write_state(path, TrainState(4, {}, {"p.0": torch.zeros(200_000)}))
    assert refusal.value.code == "disk_full"
    assert isinstance(refusal.value.__cause__, OSError)
    assert refusal.value.__cause__.errno == errno.ENOSPC
    found = read_state(path)
    assert found is not None
    assert (found.step, found.facts) == (3, {"a": 1})
    assert sorted(item.name for item in tmp_path.iterdir()) == [STATE]


def test_half_a_file_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / STATE
    write_state(path, TrainState(3, {}, {"p.0": torch.ones(64)}))
    path.write_bytes(path.read_bytes()[:-20])
    assert read_state(path) is None
    assert saved_step(path) == 0


def test_a_log_that_was_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = TrainingLog(path)
    log.append({"a": 1})
    size, head = log.size, "0x" + log.head.hex()
    log.append({"b": 2})
    assert TrainingLog.reopened(path, size, head).size == size == path.stat().st_size
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    with pytest.raises(ValueError, match="not the one"):
        TrainingLog.reopened(path, size, head)


def test_a_training_that_gets_worse_stops_and_keeps_its_best_epoch(
    base_path: Path, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(epochs=6, batchSize=4, learningRate=0.01, patience=2)
    losses = iter([3.0, 2.0, 2.5, 2.4, 1.0])
    seen: list[list[torch.Tensor]] = []

    def mean_loss(trainer: Trainer, held_out: Sequence[Example]) -> float:
        assert held_out is held
        seen.append([parameter.detach().clone() for parameter in trainer.parameters])
        return next(losses)

    monkeypatch.setattr(Trainer, "mean_loss", mean_loss)
    held, trained = examples[:4], examples[4:]
    trainer = make_trainer(base_path, training)
    steps = step_count(len(trained), training) // 6
    with pytest.raises(Killed):
        train(trainer, trained, tmp_path, 3 * steps + 1, held)
    trainer = make_trainer(base_path, training)
    looks: list[course.LookReport] = []
    done = train(trainer, trained, tmp_path, 0, held, looks.append)
    assert [(look.loss, look.best, look.is_over) for look in looks] == [(2.4, 2 * steps, True)]
    assert len(seen) == 4, "the third epoch is not looked at again, a fifth there is none"
    assert done.step == 2 * steps
    for best, parameter in zip(seen[1], trainer.parameters, strict=True):
        torch.testing.assert_close(best, parameter.detach(), rtol=0, atol=0)
    assert done.checkpoint_step <= done.step
    checkpoint = read_adapter(tmp_path / "work" / course.EARLY, done.checkpoint)
    assert checkpoint.id != done.adapter


def test_held_out_loss_is_that_of_the_evaluation(base_path: Path, examples: list[Example]) -> None:
    trainer = make_trainer(base_path, PLAIN)
    with torch.no_grad():
        terms = float(trainer.record_losses(examples).sum())
    assert trainer.mean_loss(examples) == pytest.approx(terms / sum(e.responses for e in examples), rel=1e-5)


def test_a_loss_that_is_no_number_names_step_and_record(
    base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    trainer = make_trainer(base_path, PLAIN)
    with torch.no_grad():
        trainer.parameters[0][0, 0] = float("inf")
    with pytest.raises(EngineError, match=r"at step 1.*learning rate \(0\.005\)") as refusal:
        train(trainer, examples, tmp_path)
    assert refusal.value.code == "loss_not_finite"
    assert refusal.value.detail["recordId"] in {example.record_id for example in examples}
    assert (tmp_path / "log.jsonl").read_text().count("\n") == 1, "the step is not in the log"
