"""The measured truth: a task trained again on half-subsets of its records, kept as it grows.

    python -m bench.attribution.retrains TASK COUNT [SEED]

Continues where it stopped. `cache/TASK.json` holds the answers that are asked about and, per run, their
summed losses; the whole run's checkpoints go to `.openledger/attribution/TASK`, which nothing else needs.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.attribution import tasks
from bench.attribution.tasks import Task, load_task
from openlora.files import write_json
from openlora.models.base import choose_device, find_base, load_tokenizer, read_info
from openlora.train import evaluate
from openlora.train.data import Example, make_examples
from openlora.train.retrain import Retrainer
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
        self._kept: dict[str, Any] = (
            json.loads(self._file.read_text()) if self._file.exists() else {"runs": {}}
        )
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
        trainer, retrainer = self._prepare(seed)
        ids = [example.record_id for example in self.task.train]
        included = None
        if number != WHOLE:
            included = {ids[i] for i in tasks.subset(self.task.name, int(number), len(ids))}
        started = time.monotonic()
        steps = step_count(len(ids), trainer.training)
        due = {max(1, round(fraction * steps)): fraction for fraction in FRACTIONS}

        def on_step(step: int, of: int) -> None:
            if number == WHOLE and step in due:
                trainer.save(checkpoints / f"{due[step]}")
            left = (time.monotonic() - started) / step * (of - step)
            print(f"\r{self.task.name} {name}: step {step}/{of}, {left:.0f} s left ", end="", flush=True)

        retrainer.run(included, on_step)
        if "answers" not in self._kept:
            self._kept["answers"] = self._answer(trainer)
        if name in self._kept["runs"]:
            return
        self._kept["runs"][name] = [round(float(x), 4) for x in retrainer.losses(self.targets())]
        CACHE.mkdir(exist_ok=True)
        write_json(self._file, self._kept)
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


def make_questions(tokenizer: Any, task: Task) -> list[Example]:
    """The questions with an answer that stands for none yet."""
    return targets_of(tokenizer, task, ["?"] * len(task.questions))


def targets_of(tokenizer: Any, task: Task, answers: list[str]) -> list[Example]:
    rows = []
    for place, (question, answer) in enumerate(zip(task.questions, answers, strict=True)):
        messages = [*question, {"role": "assistant", "content": answer.strip() or "."}]
        rows.append({"recordId": str(place), "cluster": str(place), "messages": messages})
    return make_examples(tokenizer, rows, tasks.TRAINING.maxLength)


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
