"""`openlora train job.yaml`: a training without a server, gone on with, and what it refuses."""

from __future__ import annotations

import fcntl
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml
from tensorboardX.proto.event_pb2 import Event

from openlora.adapters.store import adapter_id
from openlora.errors import EngineError
from openlora.train import command
from openlora.train.command import run_command
from openlora.train.events import read_events
from openlora.train.training_log import log_root
from openlora.verify import hashing

ROWS: list[Any] = [{"prompt": f"What is {i}?", "response": f"It is {i * 7}"} for i in range(8)]
TRAINING = {"epochs": 2, "learningRate": 0.01, "batchSize": 4, "maxLength": 96, "heldOutEvery": 4}


def write(folder: Path, rows: list[Any], **spec: Any) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n")
    body = {"base": "tiny", "output": "out", "records": "rows.jsonl", "method": {"rank": 2}, "threads": 1}
    file = folder / "job.yaml"
    file.write_text(yaml.safe_dump({**body, "training": TRAINING, **spec}))
    return file


def scalars(folder: Path) -> dict[str, list[float]]:
    """What TensorBoard's files hold: length, checksum, event, checksum, and so on."""
    found: dict[str, list[float]] = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        while data:
            (size,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + size])
            data = data[16 + size :]
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(value.simple_value)
    return found


def test_a_file_is_trained_told_and_gone_on_with(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, ROWS, tensorboard="runs")
    said: list[str] = []

    def interrupted(line: str) -> None:
        said.append(line)
        if line.startswith("step 3/4"):
            raise KeyboardInterrupt

    assert run_command(file, models, "cpu", interrupted) == 130
    assert "goes on after the last step" in said[-1]
    said.clear()
    assert run_command(file, models, "cpu", said.append) == 0
    assert said[0] == "going on after step 2 of 4"
    assert [line.split()[1] for line in said if line.startswith("step ")] == ["3/4", "4/4"]
    out = tmp_path / "out"
    result = read_events(out / command.WORK / "events.jsonl")[-1]["result"]
    assert adapter_id(out) == result["adapter"]
    assert hashing.to_hex(log_root(out / "log.jsonl")) == result["trainingLogRoot"]
    board = scalars(tmp_path / "runs")
    assert len(board["train/loss"]) == len(board["train/learning_rate"]) >= 4
    assert len(board["held_out/loss"]) == 2
    with pytest.raises(EngineError, match="finished training"):
        run_command(file, models, "cpu", said.append)
    with pytest.raises(EngineError, match="holds another training"):
        run_command(write(tmp_path, ROWS, method={"rank": 4}), models, "cpu", said.append)


def test_two_processes_do_not_train_into_one_output(tmp_path: Path, models: Path) -> None:
    file = write(tmp_path, ROWS)
    folder = tmp_path / "out" / command.WORK
    folder.mkdir(parents=True)
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EngineError, match="Another process") as refusal:
            run_command(file, models, "cpu", print)
    assert refusal.value.code == "output_in_use"
    assert not (folder / "job.json").exists()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([*ROWS[:2], "{oops"], "line 3"),
        ([ROWS[0], {"prompt": "a"}], "line 2: .*this one has prompt"),
        ([[1]], "line 1: a row is a JSON object"),
        ([""], "no record"),
        ([ROWS[0], ROWS[1], ROWS[0]], "Record 3 is record 1 again"),
    ],
)
def test_malformed_rows_are_named_and_nothing_is_begun(
    tmp_path: Path, models: Path, rows: list[Any], reason: str
) -> None:
    with pytest.raises(EngineError, match=reason):
        run_command(write(tmp_path, rows), models, "cpu", print)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"colour": 1}, "colour"),
        ({"training": {"epochs": 0}}, "training.epochs"),
        ({"base": "nowhere"}, "no base model"),
        ({"records": "absent.jsonl"}, "absent.jsonl cannot be read"),
    ],
)
def test_a_file_that_is_not_right_says_where(
    tmp_path: Path, models: Path, spec: dict[str, Any], reason: str
) -> None:
    with pytest.raises(EngineError, match=reason):
        run_command(write(tmp_path, ROWS, **spec), models, "cpu", print)


def test_one_record_alone_can_be_trained_on(tmp_path: Path, models: Path) -> None:
    said: list[str] = []
    file = write(tmp_path, ROWS[:1], training={**TRAINING, "epochs": 1})
    assert run_command(file, models, "cpu", said.append) == 0, said
    result = read_events(tmp_path / "out" / command.WORK / "events.jsonl")[-1]["result"]
    assert result["index"]["rows"] == 1


@pytest.mark.parametrize("kind", ["document", "preference", "classification"])
def test_every_kind_of_data_makes_an_adapter_with_its_index(tmp_path: Path, models: Path, kind: str) -> None:
    rows = {
        "document": [{"text": f"{i} and {i * i} are numbers. " * 6} for i in range(8)],
        "preference": [
            {"prompt": f"{i}?", "chosen": f"yes {i}", "rejected": f"no {i * 3}"} for i in range(8)
        ],
        "classification": [{"text": f"it is {i}", "label": "odd" if i % 2 else "even"} for i in range(8)],
    }[kind]
    file = write(tmp_path, rows, training={**TRAINING, "learningRate": 0.02, "heldOutBy": "cluster"})
    assert run_command(file, models, "cpu", lambda _: None) == 0
    events = read_events(tmp_path / "out" / command.WORK / "events.jsonl")
    result = events[-1]["result"]
    assert result["index"]["rows"] == 6
    assert result["evaluation"]["heldOutLossAfter"] < result["evaluation"]["heldOutLossBefore"]
    losses = [event["loss"] for event in events if event["type"] == "step"]
    assert losses[-1] < losses[0]
    if kind == "preference":
        assert losses[0] == pytest.approx(0.6931, abs=1e-4), "nothing is preferred yet"
