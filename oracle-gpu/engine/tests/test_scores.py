"""An adapter that was trained elsewhere is measured from its files alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openlora.attribution.scores import write_scores
from openlora.errors import EngineError
from openlora.models.base import load_tokenizer, read_info
from openlora.train.rows import make_examples
from openlora.train.spec import Kind, Method, Training
from openlora.train.trainer import Trainer
from openlora.train.training_log import TrainingLog

from .conftest import record

COUNT = 12
SETTINGS: dict[str, Any] = {"epochs": 4, "learningRate": 0.01, "batchSize": 4, "maxLength": 128}


def train(base_path: Path, folder: Path, method: Method) -> None:
    examples = make_examples(load_tokenizer(base_path), [record(i) for i in range(COUNT)], 128)
    trainer = Trainer(read_info(base_path), method, Training(**SETTINGS), 2, torch.device("cpu"))
    trainer.train(examples, TrainingLog(folder / "log"), folder / "adapter", lambda _: None, lambda *_: None)


@pytest.fixture(scope="module")
def folder(base_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained adapter with its middle checkpoint, and the files that tell of its training."""
    made = tmp_path_factory.mktemp("elsewhere")
    train(base_path, made, Method(rank=4))
    lines = [json.dumps({"messages": record(i)["messages"]}) for i in range(COUNT)]
    (made / "train.jsonl").write_text("\n".join(lines) + "\n")
    plain = [{"prompt": f"What is {i}?", "completion": record(i)["messages"][1]["content"]} for i in range(5)]
    (made / "queries.jsonl").write_text("\n".join(json.dumps(line) for line in plain))
    (made / "config.json").write_text(json.dumps({"training": {"batchSize": 4, "maxLength": 128}, "seed": 3}))
    return made


def scores(folder: Path, base_path: Path, **changes: Path) -> np.ndarray:
    given = {
        "base": base_path,
        "adapter": folder / "adapter",
        "train": folder / "train.jsonl",
        "train_config": folder / "config.json",
        "queries": folder / "queries.jsonl",
        "out": folder / "scores.npy",
        **changes,
    }
    return write_scores(**given, device="cpu", say=lambda _: None)


def test_each_record_explains_its_own_answer_best(folder: Path, base_path: Path) -> None:
    found = scores(folder, base_path)
    assert found.shape == (5, COUNT)
    assert found.dtype == np.float32
    assert list(found.argmax(axis=1)) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(np.load(folder / "scores.npy"), found)


def test_without_a_checkpoint_the_adapter_itself_is_asked(folder: Path, base_path: Path) -> None:
    final = scores(folder, base_path)
    middle = scores(folder, base_path, adapter=folder / "adapter" / "checkpoint")
    np.testing.assert_array_equal(final, middle)  # the checkpoint beside the adapter is what counts
    bare = folder / "bare"
    bare.mkdir()
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (bare / name).write_bytes((folder / "adapter" / name).read_bytes())
    assert not np.array_equal(scores(folder, base_path, adapter=bare), final)


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        {"num_train_epochs": 4.0, "learning_rate": 1e-2, "per_device_train_batch_size": 2,
         "gradient_accumulation_steps": 2, "max_seq_length": 128, "lr_scheduler_type": "linear"},
    ],
)  # fmt: skip
def test_without_a_checkpoint_the_beginning_of_the_training_is_run_again(
    folder: Path, base_path: Path, tmp_path: Path, settings: dict[str, object]
) -> None:
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (tmp_path / name).write_bytes((folder / "adapter" / name).read_bytes())
    config = tmp_path / "train_config.json"
    config.write_text(json.dumps(settings))
    again = scores(folder, base_path, adapter=tmp_path, train_config=config)
    # The training was made here, so that what is run again is the same to the last bit.
    np.testing.assert_array_equal(again, scores(folder, base_path))


@pytest.mark.parametrize("kind", ["dora", "qlora"])
def test_each_kind_of_adapter_is_run_again_as_that_kind(
    folder: Path, base_path: Path, tmp_path: Path, kind: Kind
) -> None:
    train(base_path, tmp_path, Method(kind=kind, rank=4))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(SETTINGS))
    kept = scores(folder, base_path, adapter=tmp_path / "adapter", train_config=config)
    shutil.rmtree(tmp_path / "adapter" / "checkpoint")
    again = scores(folder, base_path, adapter=tmp_path / "adapter", train_config=config)
    np.testing.assert_array_equal(again, kept)


def test_dora_scaled_by_the_root_of_the_rank_is_not_run_again(
    folder: Path, base_path: Path, tmp_path: Path
) -> None:
    shape = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "use_dora": True, "use_rslora": True}
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", **shape}))
    config = tmp_path / "train_config.json"
    config.write_text(json.dumps(SETTINGS))
    with pytest.raises(EngineError, match="dora and rslora at once"):
        scores(folder, base_path, adapter=tmp_path, train_config=config)


def test_a_training_of_another_shape_is_not_run_again(folder: Path, base_path: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "IA3"}))
    config = tmp_path / "train_config.json"
    config.write_text(json.dumps({"epochs": 4, "learningRate": 0.01}))
    with pytest.raises(EngineError) as caught:
        scores(folder, base_path, adapter=tmp_path, train_config=config)
    assert caught.value.code == "bad_adapter"


def test_the_command_writes_what_the_function_returns(folder: Path, base_path: Path) -> None:
    arguments = [
        *("--base", base_path, "--adapter", folder / "adapter", "--train", folder / "train.jsonl"),
        *("--train-config", folder / "config.json", "--queries", folder / "queries.jsonl"),
        *("--out", folder / "command.npy", "--threads", "1", "--device", "cpu"),
    ]
    command = [sys.executable, "-m", "openlora", "attribution", "scores", *map(str, arguments)]
    root = Path(__file__).resolve().parents[1]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(folder / "command.npy"), scores(folder, base_path))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("train", '{"messages": []}x', "bad_record"),
        ("train", '{"messages": []}', "bad_record"),
        ("train", '["messages"]', "bad_record"),
        ("queries", '{"prompt": "no answer"}', "bad_record"),
        ("queries", "", "no_records"),
        ("train_config", "[1]", "bad_train_config"),
        ("train_config", '{"batchSize": 0}', "bad_train_config"),
    ],
)
def test_what_cannot_be_read_is_named(
    folder: Path, base_path: Path, tmp_path: Path, name: str, content: str, code: str
) -> None:
    bad = tmp_path / "bad"
    bad.write_text(content)
    with pytest.raises(EngineError) as caught:
        scores(folder, base_path, **{name: bad})
    assert caught.value.code == code
