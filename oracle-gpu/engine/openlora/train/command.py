"""`openlora train job.yaml`: a job from a file, without a server; run again, it goes on where it was.

base: smollm2-135m-instruct     # folder of the base, or its name under --models
output: my-adapter              # gets the adapter in PEFT's layout, and the training log
records: [a.jsonl, b.jsonl]     # rows as a job has them; without a recordId it is their hash
method: { kind: lora, rank: 8 }
training: { epochs: 3, packing: true }
tensorboard: runs/my-adapter    # optional
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import Field, ValidationError

from openlora import config
from openlora.adapters.store import FILES
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.models.base import find_base, read_info
from openlora.train.board import Board
from openlora.train.events import Event, EventLog, read_events
from openlora.train.spec import Job, Method, Row, Strict, Training, read_job
from openlora.train.worker import fail, run_training
from openlora.verify import hashing

WORK = ".training"  # folder in the output that holds the job


class CommandSpec(Strict):
    base: str
    output: str
    records: str | list[str]
    method: Method = Method()
    training: Training = Training()
    tensorboard: str | None = None
    threads: int = Field(default=0, ge=0)  # 0: all cores


def run_command(file: Path, models: Path | None, device: str, say: Callable[[str], None]) -> int:
    """Train what `file` says; 0 when the adapter lies in its output. EngineError where it cannot begin."""
    asked = _read_spec(file)
    here = file.parent
    base = _find_base(here, asked.base, models)
    job = Job(
        id=hashing.to_hex(hashing.sha256(file.read_bytes()))[2:34],
        base=read_info(base).id,
        method=asked.method,
        training=asked.training,
        records=_read_rows(here, [asked.records] if isinstance(asked.records, str) else asked.records),
    )
    output = here / asked.output
    torch.set_num_threads(asked.threads or config.core_count())
    with _claimed(output, job) as folder:
        events = _Told(folder / "events.jsonl", say)
        if asked.tensorboard:
            events.board = Board(here / asked.tensorboard)
        try:
            result = run_training(job, folder, base, folder, device, events)
        except KeyboardInterrupt:
            say("Stopped. The same command goes on after the last step that was kept.")
            return 130
        except Exception as error:
            fail(events, error, job, folder)
            return 1
        finally:
            if events.board:
                events.board.close()
        for name in FILES:
            shutil.copyfile(folder / "adapters" / result["adapter"] / name, output / name)
        shutil.copyfile(folder / "log.jsonl", output / "log.jsonl")
    say(f"The adapter lies in {output}, its attribution index in {folder / 'adapters' / result['adapter']}.")
    return 0


@contextmanager
def _claimed(output: Path, job: Job) -> Iterator[Path]:
    """The job's folder, for this process alone; EngineError 409 where the output is another training's."""
    folder = output / WORK
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"Another process is training into {output}: wait for it, or choose another output."
            raise EngineError(409, "output_in_use", message) from error
        path = folder / "job.json"
        body = job.model_dump()
        if path.exists():
            known = read_job(folder)
            if not isinstance(known, Job) or {**known.model_dump(), "id": job.id} != body:
                message = f"{output} holds another training: choose another output, or delete it."
                raise EngineError(409, "output_in_use", message)
            if any(event["type"] == "done" for event in read_events(folder / "events.jsonl")):
                message = f"{output} holds the finished training: choose another output to train again."
                raise EngineError(409, "output_done", message)
        write_json(path, body)
        yield folder


class _Told(EventLog):
    """An event log that is also told on the terminal."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        super().__init__(path)
        self.board: Board | None = None
        self._say = say

    def append(self, kind: str, **fields: Any) -> Event:
        event = super().append(kind, **fields)
        line = _line(event)
        if line:
            self._say(line)
        if self.board:
            self.board.take(event)
        return event


def _line(event: Event) -> str | None:
    """What is said of an event; None of one that says little."""
    match event["type"]:
        case "started":
            return f"{event['records']} records, {event['heldOut']} held out, {event['steps']} steps"
        case "resumed":
            return f"going on after step {event['step']} of {event['steps']}"
        case "evaluation":
            loss = event["heldOutLoss"]
            return None if loss is None else f"held-out loss {event['when']} training: {loss:.4f}"
        case "step":
            return (
                f"step {event['step']}/{event['steps']}  loss {event['loss']:.4f}  rate"
                f" {event['learningRate']:.2e}  {event['tokensPerSecond']:.0f} tokens/s"
                f"  {event['secondsLeft']} s left"
            )
        case "index":
            done = event["done"] == event["total"]
            return f"attribution index: {event['done']} of {event['total']} records" if done else None
        case "held-out":
            return f"held-out loss after step {event['step']}: {event['heldOutLoss']:.4f}"
        case "stopped-early":
            return f"held-out records got no better: stopped, keeping step {event['best']}"
        case "failed":
            return f"{event['message']} {event['hint']}"
        case "done":
            return f"done in {event['result']['seconds']} s: {event['result']['adapter']}"
    return None


def _find_base(here: Path, name: str, models: Path | None) -> Path:
    folder = here / name
    if (folder / "config.json").exists():
        return folder
    if models is None:
        message = f"There is no base model in {folder}: name its folder, or say --models."
        raise EngineError(404, "base_not_found", message)
    return find_base(models, name)


def _read_spec(file: Path) -> CommandSpec:
    try:
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        return CommandSpec.model_validate(json.loads(json.dumps(body)), strict=None)
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise EngineError(400, "invalid_spec", f"{file} cannot be read as a job: {error}.") from error
    except ValidationError as error:
        raise EngineError(400, "invalid_spec", f"{file}: {_first(error)}.") from error


def _read_rows(here: Path, names: list[str]) -> list[Row]:
    rows = [row for name in names for row in _read_file(here / name)]
    if not rows:
        message = f"There is no record in {', '.join(names)}: write one JSON object a line."
        raise EngineError(400, "no_records", message)
    if len(rows) > config.MAX_RECORDS:
        message = f"{len(rows)} records are more than a job takes ({config.MAX_RECORDS}): leave some out."
        raise EngineError(400, "too_many_records", message)
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        if row.recordId in seen:
            message = f"Record {number} is record {seen[row.recordId]} again: leave one out."
            raise EngineError(400, "bad_record", message)
        seen[row.recordId] = number
    return rows


def _read_file(path: Path) -> Iterator[Row]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(400, "no_records", f"{path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            body = json.loads(line)
            if not isinstance(body, dict):
                raise ValueError("a row is a JSON object")
            id = hashing.to_hex(hashing.keccak256(hashing.canonical(body)))
            yield Row.model_validate_json(json.dumps({"recordId": id, "cluster": id, **body}))
        except ValidationError as error:
            raise EngineError(400, "bad_record", f"{path}, line {number}: {_first(error)}.") from error
        except ValueError as error:
            raise EngineError(400, "bad_record", f"{path}, line {number}: {error}.") from error


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    return f"{where}: {found['msg']}" if where else str(found["msg"])


def say(line: str) -> None:
    """On a terminal steps overwrite each other; elsewhere each has its line."""
    if sys.stdout.isatty() and line.startswith("step "):
        print(f"\r{line}\x1b[K", end="", flush=True)
    else:
        print(f"\n{line}" if sys.stdout.isatty() else line, flush=True)
