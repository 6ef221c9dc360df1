"""lm-eval's tasks from local files, where the extra is installed: its numbers are as defined."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

pytest.importorskip("lm_eval")

from openlora.errors import EngineError
from openlora.evaluation.harness import HarnessModel, run_tasks
from openlora.models.base import BaseModel, load_base, load_tokenizer, read_info

CHOICE = """
task: colours
dataset_path: json
dataset_kwargs:
  data_files: {test: FILE}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: "{{label}}"
metric_list:
  - metric: acc
"""
ANSWER = """
task: sums
dataset_path: json
dataset_kwargs:
  data_files: {test: FILE}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{choices[label]}}"
generation_kwargs: {until: ["\n"], max_gen_toks: 4, do_sample: false}
metric_list:
  - metric: exact_match
"""
ROWS: list[dict[str, Any]] = [
    {"question": f"What is {i}?", "choices": [" red", " a deep blue", f" {i}"], "label": i % 3}
    for i in range(6)
]


@pytest.fixture(scope="module")
def model(base_path: Path) -> HarnessModel:
    info = read_info(base_path)
    base = load_base(base_path, torch.float32, torch.device("cpu"))
    return HarnessModel(base, load_tokenizer(base_path), info.context_length)


def chance(base: BaseModel, before: list[int], after: list[int]) -> float:
    with torch.no_grad():
        logits = base.model(input_ids=torch.tensor([before + after])).logits[0]
    chances = logits.log_softmax(-1)
    return sum(float(chances[len(before) - 1 + i, token]) for i, token in enumerate(after))


def test_tasks_in_a_folder_are_measured_as_defined(model: HarnessModel, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    for name, text in (("colours", CHOICE), ("sums", ANSWER)):
        (tmp_path / f"{name}.yaml").write_text(text.replace("FILE", str(data)))
    found = run_tasks(model, tmp_path, chat=False)
    right = 0
    for row in ROWS:
        before = model.tok_encode(row["question"])
        scores = []
        for choice in row["choices"]:
            whole = model.tok_encode(row["question"] + choice)
            scores.append(chance(model._base, before, whole[len(before) :]))
        right += scores.index(max(scores)) == row["label"]
    assert found["colours"]["acc"] == pytest.approx(right / len(ROWS))
    assert 0 <= found["sums"]["exact_match"] <= 1
    assert run_tasks(model, tmp_path, chat=True).keys() == found.keys()


def test_an_answer_ends_before_its_stop_text(model: HarnessModel) -> None:
    def answer(**options: Any) -> str:
        return model.generate_until([SimpleNamespace(args=("What is 3?", {"max_gen_toks": 6, **options}))])[0]

    whole = answer()
    assert whole
    assert answer(until=[whole[2]]) == whole.split(whole[2])[0]
    with pytest.raises(EngineError, match="do_sample: false"):
        answer(do_sample=True, temperature=0.7)


def test_a_long_text_is_measured_in_windows(model: HarnessModel) -> None:
    text = "what is it " * 600
    tokens = model.tok_encode(text)
    assert len(tokens) > model._context
    [found] = model.loglikelihood_rolling([SimpleNamespace(args=(text,))])
    whole, expected = [model.eot_token_id, *tokens], 0.0
    for at in range(0, len(tokens), model._context - 1):
        window = whole[at : at + model._context]
        expected += chance(model._base, window[:1], window[1:])
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_folder_without_tasks_says_so(model: HarnessModel, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no task of lm-eval"):
        run_tasks(model, tmp_path, chat=False)
