"""The measured truth: a task trained again on half-subsets of its records, kept as it grows.

    python -m bench.attribution.retrains TASK COUNT [SEED]

Continues where it stopped. `cache/TASK.json` holds the answers that are asked about and, per run, their
summed losses; `cache/TASK-removed.json` those of runs without a few records. The whole run's checkpoints go
to `.openledger/attribution/TASK`, which nothing else needs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.attribution import tasks
from bench.attribution.tasks import Task, load_task
from openlora.files import write_json
from openlora.models.base import choose_device, find_base, load_tokenizer, read_info
from openlora.train import evaluate
from openlora.train.examples import Example
from openlora.train.retrain import Retrainer
from openlora.train.rows import answered
from openlora.train.spec import Training
from openlora.train.trainer import Trainer, step_count

ROOT = Path(__file__).resolve().parents[4]
MODELS = ROOT / ".openledger" / "models"
WORK = ROOT / ".openledger" / "attribution"
CACHE = Path(__file__).parent / "cache"
# Checkpoints of the whole run, as fractions of its steps.
FRACTIONS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0)
WHOLE = "whole"


class Study:
    """One task's runs, named `SEED/NUMBER`: the order's seed; the half-subset's number or `whole`."""

    def __init__(self, name: str) -> None:
        path = find_base(MODELS)
        self.info = read_info(path)
        self.tokenizer = load_tokenizer(path)
        self.task: Task = load_task(name, self.tokenizer)
        self.device = choose_device("auto")
        self._file = CACHE / f"{name}.json"
        self._kept: dict[str, Any] = _read(self._file)
        self._removed_file = CACHE / f"{name}-removed.json"
        self._trainer: Trainer | None = None

    @property
    def answers(self) -> list[str]:
        answers: list[str] = self._kept["answers"]
        return answers

    def targets(self) -> list[Example]:
        """Each question with the answer that the whole model gave to it."""
        return targets_of(self.tokenizer, self.task, self.answers)

    def losses(self, run: str) -> np.ndarray:
        return np.array(self._kept["runs"][run])

    def runs(self, seed: int) -> list[int]:
        """Numbers of the half-subsets that were run under that seed."""
        names = [name.split("/") for name in self._kept["runs"]]
        return sorted(int(number) for found, number in names if int(found) == seed and number != WHOLE)

    def run(self, number: int | str, seed: int = 0) -> None:
        """Train and keep the losses, unless they are there; of the whole run its checkpoints as well."""
        name = f"{seed}/{number}"
        checkpoints = WORK / self.task.name / str(seed)
        wanted = number == WHOLE and not (checkpoints / f"{FRACTIONS[-1]}").exists()
        if name in self._kept["runs"] and not wanted:
            return
        count = len(self.task.train)
        included = None if number == WHOLE else tasks.subset(self.task.name, int(number), count)
        trainer, retrainer = self._prepare(seed)
        steps = step_count(count, trainer.training)
        due = {max(1, round(fraction * steps)): fraction for fraction in FRACTIONS}

        def on_step(step: int) -> None:
            if number == WHOLE and step in due:
                trainer.save(checkpoints / f"{due[step]}")

        self._retrain(retrainer, name, included, on_step)
        if "answers" not in self._kept:
            asks_expected = self.task.asks_expected
            self._kept["answers"] = self.task.expected if asks_expected else self._answer(trainer)
        if name in self._kept["runs"]:
            return
        self._kept["runs"][name] = _rounded(retrainer.losses(self.targets()))
        CACHE.mkdir(exist_ok=True)
        write_json(self._file, self._kept)

    def has_without(self, places: Sequence[int]) -> bool:
        return _name_of(places) in _read(self._removed_file)["runs"]

    def without(self, places: Sequence[int]) -> np.ndarray:
        """Losses [questions] of the whole run, but for the records at `places`; trained once, then kept."""
        kept = _read(self._removed_file)
        name = _name_of(places)
        if name not in kept["runs"]:
            _, retrainer = self._prepare(0)
            included = sorted(set(range(len(self.task.train))) - set(places))
            self._retrain(retrainer, f"without {len(places)} records", included)
            kept["runs"][name] = _rounded(retrainer.losses(self.targets()))
            write_json(self._removed_file, kept)
        return np.array(kept["runs"][name])

    def _retrain(
        self,
        retrainer: Retrainer,
        name: str,
        included: Sequence[int] | None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        started = time.monotonic()
        train = self.task.train
        ids = None if included is None else {train[place].record_id for place in included}

        def on_each(step: int, of: int) -> None:
            on_step(step)
            left = (time.monotonic() - started) / step * (of - step)
            print(f"\r{self.task.name} {name}: step {step}/{of}, {left:.0f} s left ", end="", flush=True)

        retrainer.run(ids, on_each)
        print(f"\r{self.task.name} {name}: {time.monotonic() - started:.0f} s", " " * 30)

    def _prepare(self, seed: int) -> tuple[Trainer, Retrainer]:
        if self._trainer is None or self._trainer.training.seed != seed:
            training = Training(**{**tasks.TRAINING.model_dump(), "seed": seed})
            pad = self.tokenizer.pad_token_id
            self._trainer = Trainer(self.info, tasks.METHOD, training, pad, self.device)
            self._retrainer = Retrainer(self._trainer, self.task.train)
        return self._trainer, self._retrainer

    def _answer(self, trainer: Trainer) -> list[str]:
        asked = make_questions(self.tokenizer, self.task)
        return [
            text
            for start in range(0, len(asked), 8)
            for text in evaluate.answers(
                trainer.model, self.tokenizer, asked[start : start + 8], self.device, trainer.precision()
            )
        ]


def train_all(due: Sequence[Any], train: Callable[[Any], object]) -> None:
    """One after another; says after each how long the rest will take."""
    started = time.monotonic()
    for done, each in enumerate(due, start=1):
        train(each)
        hours = (time.monotonic() - started) / done * (len(due) - done) / 3600
        print(f"{len(due) - done} retrains to do, {hours:.1f} h left", flush=True)


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"runs": {}}
    return found


def _name_of(places: Sequence[int]) -> str:
    return ",".join(str(place) for place in sorted(places))


def _rounded(losses: np.ndarray) -> list[float]:
    return [round(float(x), 4) for x in losses]


def make_questions(tokenizer: Any, task: Task) -> list[Example]:
    """The questions with an answer that stands for none yet."""
    return targets_of(tokenizer, task, ["?"] * len(task.questions))


def targets_of(tokenizer: Any, task: Task, answers: list[str]) -> list[Example]:
    names = [str(place) for place in range(len(answers))]
    return answered(tokenizer, task.questions, names, answers, tasks.TRAINING.maxLength)


def main(name: str, count: int, seed: int, threads: int = 1) -> None:
    torch.set_num_threads(threads)
    study = Study(name)
    tokens = sum(len(example.tokens) for example in study.task.train)
    print(f"{name}: {len(study.task.train)} records of {tokens} tokens")
    study.run(WHOLE, 0)
    for number in range(count):
        study.run(number, seed)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
