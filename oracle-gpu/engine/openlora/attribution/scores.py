"""Attribution of an adapter that was trained elsewhere, from files: so that anyone can measure it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from openlora.adapters.store import CONFIG, adapter_id, read_adapter
from openlora.attribution import projection
from openlora.attribution.early import train_early
from openlora.attribution.index import AttributionIndex, build_index
from openlora.attribution.reader import IndexReader
from openlora.config import MAX_BATCH, MAX_EPOCHS
from openlora.errors import EngineError
from openlora.models.base import choose_device, load_base, load_tokenizer
from openlora.ops.lora import fit
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.spec import Training
from openlora.train.trainer import loss_divisor

Say = Callable[[str], None]


class TrainConfig(BaseModel):
    """What of a training's settings decides its objective, under our names or those of transformers."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    batch_size: int = Field(
        default=4,
        ge=1,
        validation_alias=AliasChoices("batchSize", "batch_size", "per_device_train_batch_size"),
    )
    max_length: int = Field(
        default=512, ge=8, validation_alias=AliasChoices("maxLength", "max_length", "max_seq_length")
    )
    loss_divisor: float | None = Field(
        default=None, gt=0, validation_alias=AliasChoices("lossDivisor", "loss_divisor")
    )
    accumulated: int = Field(
        default=1, ge=1, validation_alias=AliasChoices("gradientAccumulation", "gradient_accumulation_steps")
    )
    # Also in the adapter's own configuration, where it was trained by this engine.
    quantised: bool = Field(default=False, validation_alias=AliasChoices("quantised", "load_in_4bit"))
    # With these two the beginning of the training can be run again.
    epochs: float | None = Field(
        default=None, gt=0, validation_alias=AliasChoices("epochs", "num_train_epochs")
    )
    learning_rate: float | None = Field(
        default=None, gt=0, le=1, validation_alias=AliasChoices("learningRate", "learning_rate")
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1)

    def training(self) -> Training | None:
        """What can be run again; None where the configuration does not say how."""
        if self.epochs is None or self.learning_rate is None:
            return None
        return Training(
            epochs=min(MAX_EPOCHS, max(1, round(self.epochs))),
            learningRate=self.learning_rate,
            batchSize=min(MAX_BATCH, self.batch_size * self.accumulated),
            maxLength=self.max_length,
            seed=self.seed,
            heldOutEvery=0,
        )


def write_scores(
    base: Path,
    adapter: Path,
    train: Path,
    train_config: Path,
    queries: Path,
    out: Path,
    device: str,
    say: Say,
) -> np.ndarray:
    """Write float32 scores [queries, records] to `out` (.npy).

    Larger means that training on the record made the answer likelier. As shipped: int8 rows and queries,
    exact integer products, put back to scale.

    `train` and `queries` are JSONL of `{"messages": […]}` (the last one the assistant's) or
    `{"prompt": …, "completion": …}`. Gradients are taken where attribution foretells best, early in training
    (docs/decisions/0021): at `adapter/checkpoint` where there is one; else the beginning of the training is
    run again, if `train_config` says how many epochs and at which learning rate; else at the adapter itself.
    EngineError names a line that cannot be read.
    """
    config = _read_config(train_config)
    tokenizer = load_tokenizer(base)
    records = _read_examples(tokenizer, train, config.max_length)
    asked = _read_examples(tokenizer, queries, config.max_length)
    divisor = config.loss_divisor or loss_divisor(records, config.batch_size * config.accumulated)
    chosen = choose_device(device)

    def progress(done: int, total: int) -> None:
        say(f"gradients of {done} of {total} records")

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as again:
        place = _early(base, adapter, config, records, Path(again), chosen, say)
        name = adapter_id(place)
        stored = read_adapter(place, name)
        quantised = stored.quantised or config.quantised
        model = load_base(base, torch.float32, chosen, "eager", quantised)
        weights = fit(stored.weights, model.switch, torch.float32, model.device)
        build_index(Path(folder), model, weights, name, records, [], divisor, progress)
        index = AttributionIndex(Path(folder))
        reader = IndexReader(index, model, weights)
        found = np.zeros((len(asked), len(records)), np.float32)
        for row, example in enumerate(asked):
            raw = reader.project(example)
            exact = reader.scores(projection.quantise_query(raw))
            found[row] = exact * index.step * projection.query_step(raw)
            say(f"scores of {row + 1} of {len(asked)} queries")
    np.save(out, found)
    return found


def _early(
    base: Path,
    adapter: Path,
    config: TrainConfig,
    records: list[Example],
    folder: Path,
    device: torch.device,
    say: Say,
) -> Path:
    """Folder of the adapter whose gradients are taken; what is trained again is written to `folder`."""
    if (adapter / "checkpoint" / CONFIG).exists():
        return adapter / "checkpoint"
    training = config.training()
    if training is None:
        say(
            "the configuration names no epochs or no learning rate: gradients are taken at the adapter itself"
        )
        return adapter
    train_early(base, adapter, training, records, folder, device, say, config.quantised)
    return folder


def _read_config(path: Path) -> TrainConfig:
    """A flat JSON object, or one that holds the settings under `training`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return TrainConfig.model_validate({**value, **value.get("training", {})})
    except (OSError, ValueError, AttributeError, TypeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise EngineError(
            400, "bad_train_config", f"{path} is no training configuration: {reason}."
        ) from error


def _read_examples(tokenizer: Any, path: Path, max_length: int) -> list[Example]:
    rows = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            name = f"line {number} of {path.name}"
            rows.append({"recordId": name, "cluster": name, "messages": _messages(line, name)})
    if not rows:
        raise EngineError(400, "no_records", f"{path} has no line: give at least one record.")
    return make_examples(tokenizer, rows, max_length)


def _messages(line: str, name: str) -> Sequence[dict[str, str]]:
    try:
        value = json.loads(line)
        if value.get("messages"):
            return [{"role": str(x["role"]), "content": str(x["content"])} for x in value["messages"]]
        answer = next(value[key] for key in ("completion", "response", "answer") if key in value)
        return [
            {"role": "user", "content": str(value["prompt"])},
            {"role": "assistant", "content": str(answer)},
        ]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        message = f'The {name} is neither {{"messages": […]}} nor {{"prompt": …, "completion": …}}.'
        raise EngineError(400, "bad_record", message) from error
