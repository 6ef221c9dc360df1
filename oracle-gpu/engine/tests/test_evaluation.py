"""What an evaluation says, against the definitions; questions that are committed to and kept out."""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from openlora.adapters.store import AdapterStore, write_adapter
from openlora.errors import EngineError
from openlora.evaluation.command import run
from openlora.evaluation.items import commitment, read_items, require_kept_out, without
from openlora.evaluation.report import compare
from openlora.evaluation.scores import is_exact, rouge_l
from openlora.models.base import load_base, load_tokenizer, read_info
from openlora.train.spec import Record
from openlora.train.templates import encode_prompt, render_record

from .conftest import Engine, record

CPU = torch.device("cpu")


def make_items(count: int = 5) -> list[Record]:
    return [Record.model_validate(record(i)) for i in range(count)]


def write_items(path: Path, items: list[Record]) -> Path:
    path.write_text("\n".join(item.model_dump_json() for item in items) + "\n", encoding="utf-8")
    return path


def make_adapter(store: AdapterStore, base: Any, id: str) -> str:
    generator = torch.Generator().manual_seed(4)
    tensors = {}
    for name, layer in base.switch.layers.items():
        out, inside = layer.weight.shape
        tensors[f"base_model.model.{name}.lora_A.weight"] = torch.randn(2, inside, generator=generator) * 0.1
        tensors[f"base_model.model.{name}.lora_B.weight"] = torch.randn(out, 2, generator=generator) * 0.1
    work = store.workspace()
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "base_model_name_or_path": id}
    write_adapter(work, tensors, config)
    return store.put(work)


def test_the_report_measures_each_model_as_defined(base_path: Path, tmp_path: Path) -> None:
    info, tokenizer = read_info(base_path), load_tokenizer(base_path)
    base = load_base(base_path, torch.float32, CPU)
    store = AdapterStore(tmp_path / "store")
    adapter = make_adapter(store, base, info.id)
    items = make_items(10)  # more than are answered at once
    found = compare(base, info, tokenizer, store, [adapter], items, 6, bytes(32))
    assert [model["adapter"] for model in found["models"]] == [None, adapter]
    assert found["models"][0]["loss"] != found["models"][1]["loss"]
    total, count = 0.0, 0
    for i, item in enumerate(items):
        rendered = render_record(tokenizer, item.plain["messages"])
        ids = torch.tensor([rendered.tokens])
        with torch.no_grad():
            logits = base.model(input_ids=ids).logits[0]
        losses = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:], reduction="none")
        marked = torch.tensor(rendered.trained[1:])
        total, count = total + float(losses[marked].sum()), count + int(marked.sum())
        prompt = encode_prompt(tokenizer, item.plain["messages"][:-1])
        made: list[int] = []
        while len(made) < 6 and tokenizer.eos_token_id not in made:
            with torch.no_grad():
                made.append(int(base.model(input_ids=torch.tensor([prompt + made])).logits[0, -1].argmax()))
        assert found["rows"][i]["answers"][0] == tokenizer.decode(made, skip_special_tokens=True)
        assert found["rows"][i]["reference"] == item.messages[-1].content
    plain = found["models"][0]
    assert plain["loss"] == pytest.approx(total / count, rel=1e-4)
    assert plain["perplexity"] == pytest.approx(math.exp(total / count), rel=1e-3)
    assert found["commitment"] == commitment(items, bytes(32))
    for adapters in ([adapter, adapter], ["0x" + "00" * 32]):
        with pytest.raises(EngineError):
            compare(base, info, tokenizer, store, adapters, items, 6)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("the cat sat", "the cat sat", 1.0),
        ("The  CAT, sat!", "the cat sat", 1.0),
        ("the cat lay on a mat", "the cat sat on the mat", 2 * 4 / 12),  # the cat … on … mat
        ("b a", "a b", 0.5),
        ("", "a b", 0.0),
        ("蛋糕是甜的", "蛋糕很甜", 2 * 3 / 9),  # 蛋糕…甜
        ("Äpfel und Öl", "äpfel", 0.5),
    ],
)
def test_rouge_l_is_the_longest_common_subsequence(answer: str, reference: str, expected: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(expected)


def test_an_exact_answer_may_differ_in_white_space_only() -> None:
    assert is_exact(" It is\n4. ", "It is 4.")
    assert is_exact("ｆｕｌｌ", "full")
    assert not is_exact("It is 4", "It is 4.")
    assert not is_exact("it is 4.", "It is 4.")


def test_a_commitment_is_of_these_items_and_this_salt() -> None:
    items = make_items()
    first = commitment(items, b"\x01" * 32)
    assert commitment(list(reversed(items)), b"\x01" * 32) == first
    assert commitment(items, b"\x02" * 32) != first
    assert commitment(items[1:], b"\x01" * 32) != first
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(items, b"salt")


def test_items_and_their_near_duplicates_stay_out_of_training() -> None:
    items = make_items(2)
    near = {**record(9), "cluster": items[1].cluster}
    records = [record(0), near, record(5), record(6)]
    assert without(records, items) == [record(5), record(6)]
    require_kept_out([Record.model_validate(record(5))], items)
    with pytest.raises(EngineError) as refusal:
        require_kept_out([Record.model_validate(near)], items)
    assert (refusal.value.status, refusal.value.detail["recordId"]) == (409, items[1].recordId)


def test_the_command_writes_a_report_or_says_what_is_wrong(models: Path, tmp_path: Path) -> None:
    items = write_items(tmp_path / "items.jsonl", make_items(2))
    given: dict[str, Any] = {
        "items": items,
        "lm_eval": None,
        "chat": False,
        "with_parent": False,
        "adapter": [],
        "train": None,
        "salt": "0x" + "00" * 32,
        "max_tokens": 3,
        "out": tmp_path / "report.json",
        "state": tmp_path / "state",
        "models": models,
        "base": "tiny",
        "threads": 1,
        "device": "cpu",
    }
    assert run(argparse.Namespace(**given)) == 0
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert (report["items"], len(report["rows"]), report["models"][0]["adapter"]) == (2, 2, None)
    twice = tmp_path / "twice.jsonl"
    twice.write_text(items.read_text() * 2)
    broken = tmp_path / "broken.jsonl"
    broken.write_text(items.read_text() + "{}\n")
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    for change, code in (
        ({"items": twice}, "bad_items"),
        ({"items": broken}, "bad_items"),
        ({"items": empty}, "bad_items"),
        ({"items": tmp_path / "none.jsonl"}, "bad_items"),
        ({"train": items}, "item_trained_on"),
        ({"salt": "salt"}, "invalid_request"),
        ({"max_tokens": 0}, "invalid_request"),
        ({"adapter": ["0x12"]}, "adapter_not_found"),
        ({"items": None}, "invalid_request"),
        ({"lm_eval": tmp_path}, "invalid_request"),
    ):
        with pytest.raises(EngineError) as refusal:
            run(argparse.Namespace(**{**given, **change}))
        assert refusal.value.code == code
    with pytest.raises(EngineError, match=r"Line 3 of broken\.jsonl"):
        read_items(broken)


def test_a_request_evaluates_base_and_adapter(engine: Engine, trained: dict[str, Any]) -> None:
    items = [record(i) for i in range(3)]
    asked = {"adapters": [trained["adapter"]], "items": items, "maxTokens": 4}
    status, begun = engine.post("/v1/evaluations", asked)
    assert status == 202
    for _ in range(600):
        found = engine.get(f"/v1/evaluations/{begun['id']}")[1]
        if found["status"] not in ("queued", "running"):
            break
        time.sleep(0.1)
    assert found["status"] == "done", found
    report = found["result"]
    assert [model["adapter"] for model in report["models"]] == [None, trained["adapter"]]
    assert report["models"][1]["loss"] < report["models"][0]["loss"]  # it was trained on them
    assert [row["recordId"] for row in report["rows"]] == [item["recordId"] for item in items]
    assert engine.post("/v1/evaluations", asked) == (202, found)

    def refused(**changes: Any) -> tuple[int, str]:
        status, body = engine.post("/v1/evaluations", {**asked, **changes})
        return status, body["error"]["code"]

    assert refused(items=[]) == (400, "invalid_request")
    assert refused(items=[items[0], items[0]]) == (400, "invalid_request")
    assert refused(items=[{**items[0], "messages": []}])[0] == 400
    assert refused(maxTokens=0) == (400, "invalid_request")
    assert refused(adapters=["0x" + "00" * 32]) == (404, "adapter_not_found")
    assert refused(adapters=[trained["adapter"]] * 2) == (400, "invalid_request")
    status, body = engine.get("/v1/evaluations/0x12")
    assert (status, body["error"]["code"]) == (404, "evaluation_not_found")
