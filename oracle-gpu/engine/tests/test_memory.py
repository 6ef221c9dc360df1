"""What a training needs of memory, and what is said when there is too little."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from openlora.errors import EngineError
from openlora.models.base import load_tokenizer, read_info
from openlora.train import estimate, memory
from openlora.train.data import split
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.spec import Job, Kind, Method, Training
from openlora.train.trainer import not_finite
from openlora.train.worker import explain, remedies

from .conftest import plan, record

LARGE = {
    "num_hidden_layers": 30, "hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9,
    "vocab_size": 49152, "tie_word_embeddings": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def examples(base_path: Path) -> list[Example]:
    return make_examples(load_tokenizer(base_path), [record(i) for i in range(12)], 128)


def needed(
    examples: list[Example], base_path: Path, kind: Kind = "lora", rank: int = 8, **training: Any
) -> int:
    info = replace(read_info(base_path), parameters=135_000_000)
    return memory.training_bytes(Method(kind=kind, rank=rank), Training(**training), examples, info, LARGE)


def test_what_is_advised_needs_less(base_path: Path, examples: list[Example]) -> None:
    now = needed(examples, base_path, batchSize=8)
    assert needed(examples, base_path, batchSize=4, accumulate=2) < now
    assert needed(examples, base_path, batchSize=8, packing=True) <= now
    assert needed(examples, base_path, batchSize=8, rank=4) < now
    assert needed(examples, base_path, "dora", batchSize=8) > now
    longer = [replace(e, tokens=e.tokens * 3, trained=e.trained * 3) for e in examples]
    assert needed(longer, base_path, batchSize=8) > now


def test_advice_says_what_to_change_and_by_how_much(base_path: Path, examples: list[Example]) -> None:
    job = _job()
    info = replace(read_info(base_path), parameters=135_000_000)
    longer = [replace(e, tokens=e.tokens * 40, trained=e.trained * 40) for e in examples]
    said = memory.advise(job, longer, info, LARGE)
    for change in ("batchSize 2 with accumulate 2", "maxLength 64", "kind qlora (four bits)"):
        assert f"{change} saves" in said, said
    assert said.startswith("It needs about")
    amounts = [float(part.split()[0]) for part in said.split("saves ")[1:] if "GB" in part]
    assert amounts == sorted(amounts, reverse=True), "the best first"


def test_what_is_advised_can_be_asked_for(base_path: Path, examples: list[Example], tmp_path: Path) -> None:
    job = _job()
    info = replace(read_info(base_path), parameters=135_000_000)
    longer = [replace(e, tokens=e.tokens * 40, trained=e.trained * 40) for e in examples]
    found = memory.changes(job, longer, info, LARGE)
    assert {"batchSize": 2, "accumulate": 2} in [change.set for change in found]
    assert [change.saves for change in found] == sorted((c.saves for c in found), reverse=True)
    asked = {"kind": "lora", "rank": 8, "batchSize": 4, "maxLength": 128}
    assert all(change.set.items() - asked.items() for change in found), "each changes something"
    gpt2 = memory.changes(job, longer, replace(info, family="gpt2"), LARGE)
    assert "kind" not in [name for change in gpt2 for name in change.set]
    memory.write_advice(tmp_path, job, split(examples, 0), read_info(base_path))
    assert remedies(MemoryError(), tmp_path) == list(memory.read_advice(tmp_path).changes) != []
    assert remedies(not_finite("0x1", 3, 0.02), tmp_path) == [{"set": {"learningRate": 0.01}}]
    assert remedies(ValueError("else"), tmp_path) == []


def _job() -> Job:
    return Job.model_validate_json(json.dumps({"id": "a", **plan("0x" + "1" * 64, 8)}))


def test_memory_that_ran_out_is_told_apart(base_path: Path, examples: list[Example], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as refusal:
        torch.empty(1 << 50)
    assert memory.is_exhausted(refusal.value)
    assert not memory.is_exhausted(RuntimeError("shapes do not fit"))
    message, hint = explain(refusal.value, _job(), tmp_path)
    assert (message, hint) == (memory.EXHAUSTED, memory.GENERAL_ADVICE)
    memory.write_advice(tmp_path, _job(), split(examples, 0), read_info(base_path))
    assert "batchSize 2" in explain(MemoryError(), _job(), tmp_path)[1]


def test_a_full_disk_and_a_bad_request_are_told_apart(tmp_path: Path) -> None:
    message, hint = explain(OSError(28, "No space left on device"), _job(), tmp_path)
    assert "disk is full" in message
    assert "goes on after step 0" in hint
    message, hint = explain(EngineError(400, "bad_record", "Not so."), _job(), tmp_path)
    assert (message, "new job" in hint) == ("Not so.", True)


def test_an_estimate_that_does_not_fit_says_so(
    base_path: Path, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads((base_path / "config.json").read_text())
    info, parts = read_info(base_path), split(examples, 4)

    def ask() -> dict[str, Any]:
        return estimate.estimate(_job(), parts, info, tmp_path, torch.device("cpu"), config)

    found = ask()
    assert found["freeBytes"] > found["memoryBytes"] > memory.PROCESS_BYTES
    assert "advice" not in found
    monkeypatch.setattr(memory, "free_bytes", lambda _: 1_000_000)
    assert "saves" in ask()["advice"]
