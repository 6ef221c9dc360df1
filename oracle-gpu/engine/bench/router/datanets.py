"""Twenty datanets, each on a subject of its own, and questions about records that were held out of them."""

from __future__ import annotations

import importlib
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.attribution import kinds
from bench.attribution.make_numpy import summary

HERE = Path(__file__).parent
SOLIDITY = HERE.parent / "attribution" / "data" / "solidity.jsonl"
BY_HAND = HERE.parent / "retrieval" / "questions.jsonl"
SHORTEST, LONGEST = 30, 300  # characters of an answer
MOST = 150  # records of a datanet
HELD_OUT, TUNING = 15, 5  # of each; of these

PYTHON: dict[str, Sequence[str]] = {
    "arrays": ["numpy"],
    "statistics": ["scipy.stats"],
    "signals": ["scipy.signal"],
    "optimisation": ["scipy.optimize"],
    "sparse matrices": ["scipy.sparse", "scipy.sparse.linalg", "scipy.sparse.csgraph"],
    "special functions": ["scipy.special"],
    "images": ["scipy.ndimage"],
    "machine learning": [
        f"sklearn.{part}"
        for part in ("cluster", "ensemble", "linear_model", "metrics", "model_selection", "preprocessing")
    ],
    "neural networks": ["torch.nn", "torch.nn.functional"],
    "graphs": ["networkx"],
    "language": ["nltk", "nltk.tokenize", "nltk.stem", "nltk.metrics", "nltk.parse", "nltk.grammar"],
    "algebra": ["sympy"],
    "files and processes": ["os", "pathlib", "shutil", "subprocess", "tarfile", "tempfile", "zipfile"],
}  # fmt: skip
AREAS = {
    "tokens": "token/",
    "governance": "governance/",
    "access": "access/",
    "accounts": "account/",
    "cryptography": "utils/cryptography/",
}
TASKS = ("sums", "sentences")


@dataclass(frozen=True)
class Item:
    """A record: what it asks, what it answers, and how the same is asked by meaning."""

    question: str
    answer: str
    meaning: str

    @property
    def text(self) -> str:
        """As a route is made of it."""
        return f"{self.question}\n{self.answer}"


@dataclass(frozen=True)
class Datanet:
    name: str
    records: list[Item]
    tuning: list[Item]
    held_out: list[Item]


def without_names(answer: str, title: str) -> str:
    """What is said, without code and without the parts of the name of what it is said about."""
    text = re.sub(r"`+[^`]*`+|\{[^}]*\}", "it", answer)
    for part in sorted(set(re.split(r"[^A-Za-z]+", title)), key=len, reverse=True):
        if len(part) > 2:
            text = re.sub(rf"\b{part}\b", "it", text, flags=re.IGNORECASE)
    return f"How is this done: {text}"


def python_items(modules: Iterable[str]) -> list[Item]:
    found: dict[str, Item] = {}
    for module in modules:
        for name, value in sorted(vars(importlib.import_module(module)).items()):
            home = (getattr(value, "__module__", None) or module).split(".")[0]
            is_own = home in (module.split(".")[0], "posix")  # where `os` has its functions from
            answer = summary(value)
            if name.startswith("_") or not callable(value) or not is_own:
                continue
            if not SHORTEST <= len(answer) <= LONGEST:
                continue
            title = f"{module}.{name}"
            item = Item(f"What does `{title}` do?", answer, without_names(answer, title))
            found.setdefault(answer, item)
    return list(found.values())


def solidity_items(under: str) -> list[Item]:
    found: dict[str, Item] = {}
    for line in SOLIDITY.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["source"]["path"].startswith(under):
            question, answer = (message["content"] for message in record["messages"])
            meaning = without_names(answer, record["source"]["title"])
            found.setdefault(answer, Item(question, answer, meaning))
    return [item for item in found.values() if SHORTEST <= len(item.answer) <= LONGEST]


def task_items(name: str) -> list[Item]:
    trained, asked = kinds.make(name)
    return [Item(item.question, item.answer, item.question) for item in [*trained, *asked]]


def split(name: str, items: list[Item]) -> Datanet:
    random.Random(f"router:{name}").shuffle(items)
    if len(items) < 2 * HELD_OUT:
        raise ValueError(f"There are only {len(items)} records about {name}.")
    held_out = items[:HELD_OUT]
    return Datanet(name, items[HELD_OUT : HELD_OUT + MOST], held_out[:TUNING], held_out[TUNING:])


def make() -> list[Datanet]:
    """The same ones with the same packages."""
    made = {name: python_items(modules) for name, modules in PYTHON.items()}
    made |= {name: solidity_items(under) for name, under in AREAS.items()}
    made |= {name: task_items(name) for name in TASKS}
    return [split(name, items) for name, items in made.items()]


def by_hand(datanets: Sequence[Datanet]) -> list[tuple[str, str]]:
    """Questions that people wrote, with the name of the area that each is about."""
    paths = {}
    for line in SOLIDITY.read_text(encoding="utf-8").splitlines():
        source = json.loads(line)["source"]
        paths[source["title"]] = source["path"]
    names = {datanet.name for datanet in datanets}
    found = []
    for line in BY_HAND.read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        path = paths[asked["title"]]
        found += [
            (asked["question"], name)
            for name, under in AREAS.items()
            if path.startswith(under) and name in names
        ]
    return found


def of_none(tuning: bool) -> list[str]:
    lines = (HERE / "none.txt").read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(lines)
    return lines[:20] if tuning else lines[20:]
