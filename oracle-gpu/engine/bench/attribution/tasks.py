"""What the studies train on and ask: a few hundred short records each, drawn with a fixed seed."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.attribution import kinds
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.spec import Method, Training
from openlora.verify import hashing

DATA = Path(__file__).parent / "data"
TRAIN = 240
# Of the questions, those about records that were trained on; the others are about records held out.
KNOWN, UNKNOWN = 20, 20
METHOD = Method(rank=8, alpha=16)
TRAINING = Training(epochs=3, learningRate=1e-3, batchSize=8, maxLength=256, seed=0, heldOutEvery=0)

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    name: str
    train: list[Example]
    sources: list[Mapping[str, str]]  # of each of `train`
    held_out: list[Example]  # never trained on, never asked about: where "chance" is measured
    questions: list[Sequence[Mapping[str, str]]]
    expected: list[str]  # the answer that the asked record itself gives
    asks_expected: bool = False  # instead of what the model answers


def load_task(name: str, tokenizer: Any) -> Task:
    """`name`: a file of the data folder; `numpy` is for choosing methods, `solidity` for measuring.

    Or `sentences` and `sums`: see kinds.py.
    """
    if name in kinds.MAKERS:
        return _kinds_task(name, tokenizer)
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    random.Random(f"attribution:{name}").shuffle(records)
    train, unknown, rest = records[:TRAIN], records[TRAIN : TRAIN + UNKNOWN], records[TRAIN + UNKNOWN :]
    asked = [*train[:KNOWN], *unknown]
    return Task(
        name,
        examples(tokenizer, train),
        [record["source"] for record in train],
        examples(tokenizer, rest[:TRAIN]),
        [record["messages"][:-1] for record in asked],
        [record["messages"][-1]["content"] for record in asked],
    )


def text_of(messages: Sequence[Mapping[str, str]]) -> str:
    """All that is said in them, for whatever looks at words."""
    return "\n".join(message["content"] for message in messages)


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _kinds_task(name: str, tokenizer: Any) -> Task:
    trained, asked = kinds.make(name)
    source = {"title": name, "licence": "none needed: made from rules"}
    records = [
        {
            "messages": [_said("user", item.question), _said("assistant", item.answer)],
            "source": source,
        }
        for item in trained
    ]
    return Task(
        name,
        examples(tokenizer, records),
        [source] * len(records),
        [],
        [[_said("user", item.question)] for item in asked],
        [item.answer for item in asked],
        asks_expected=True,
    )


def examples(tokenizer: Any, records: Sequence[Record]) -> list[Example]:
    rows = []
    for record in records:
        id = hashing.to_hex(hashing.record_id(record))
        rows.append({"recordId": id, "cluster": id, "messages": record["messages"]})
    return make_examples(tokenizer, rows, TRAINING.maxLength)


def subset(task: str, number: int, count: int) -> list[int]:
    """Places of the records in half-subset `number`; numbers 2i and 2i+1 are complements."""
    order = list(range(count))
    random.Random(f"subset:{task}:{number // 2}").shuffle(order)
    return sorted(order[: count // 2] if number % 2 == 0 else order[count // 2 :])
