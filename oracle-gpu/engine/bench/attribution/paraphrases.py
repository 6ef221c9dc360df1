"""Copies of a record that say the same in other words: what somebody would hand in to be paid a second time.

Made by rules, so that anyone can make them again: a question of another form, synonyms, another frame around
the answer, or the order of its sentences.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

QUESTIONS = (
    "Explain the purpose of {}.",
    "Can you tell me what {} is for?",
    "I came across {}. What is it good for?",
    "How would you describe {} in a sentence?",
    "{}: what happens when it is called?",
    "Give a short description of {}.",
)
FRAMES = (
    "{}",
    "In short: {}",
    "{} That is its purpose.",
    "Put simply, the following. {}",
    "According to the manual: {}",
    "{} Nothing else is done.",
)
SYNONYMS = {
    "add": "append", "all": "every", "allows": "lets", "argument": "parameter", "array": "ndarray",
    "arrays": "ndarrays", "axis": "dimension", "calculate": "work out", "change": "alter", "check": "test",
    "compute": "determine", "construct": "build", "contains": "holds", "convert": "turn", "copy": "duplicate",
    "create": "make", "determine": "find out", "divide": "split", "element-wise": "element by element",
    "elements": "entries", "evaluate": "work out", "find": "locate", "function": "routine", "get": "fetch",
    "given": "provided", "gives": "provides", "input": "given", "integer": "whole-number", "join": "combine",
    "maximum": "largest value", "mean": "average", "minimum": "smallest value", "move": "shift",
    "number": "count", "object": "item", "perform": "carry out", "repeat": "duplicate", "replace": "swap out",
    "represent": "stand for", "return": "give back", "returns": "gives back", "reverse": "flip",
    "sequence": "series", "set": "assign", "shape": "dimensions", "sort": "order", "specified": "named",
    "sum": "total", "test": "check", "true": "True", "update": "refresh", "value": "entry",
    "values": "entries", "whether": "if", "write": "put",
}  # fmt: skip
SUBJECT = re.compile(r"`[^`]+`(?: of (?:`[^`]+`|\w+))?")


def paraphrase(record: Record, number: int) -> dict[str, Any]:
    """Copy `number` of a record, always the same one: templates, and synonyms for every odd number."""
    question, answer = record["messages"][-2]["content"], record["messages"][-1]["content"]
    found = SUBJECT.search(question)
    subject = found.group(0) if found else question.rstrip("?")
    chance = random.Random(f"paraphrase:{number}:{question}")
    said = _shuffle(answer, chance)
    if number % 2:
        said = _replace(said)
    messages = [
        {"role": "user", "content": chance.choice(QUESTIONS).format(subject)},
        {"role": "assistant", "content": chance.choice(FRAMES).format(said)},
    ]
    return {"messages": messages, "source": {**record["source"], "title": f"copy {number}"}}


def _replace(text: str) -> str:
    def other(match: re.Match[str]) -> str:
        word = match.group(0)
        found = SYNONYMS.get(word.lower())
        if found is None:
            return word
        return found.capitalize() if word[0].isupper() else found

    return re.sub(r"[A-Za-z][A-Za-z-]*", other, text)


def _shuffle(text: str, chance: random.Random) -> str:
    """Sentences after the first in another order; what the answer is about stays in front."""
    first, *rest = re.split(r"(?<=[.!?])\s+", text)
    chance.shuffle(rest)
    return " ".join([first, *rest])
