"""Records of ten kinds each: who asks about one should be led to those of the same kind.

Sentence changes and sums are the tasks of DataInf's paper (arXiv 2310.00902) in our words; grammar.py adds
one whose questions share no word with the records. `make(name)` gives 90 records of each kind to train on
and 10 to ask about, the same ones at every call.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.attribution import grammar

TRAINED, ASKED = 90, 10  # of each kind
VOWELS = "aeiou"
SUBJECTS = [
    "the old sailor",
    "my neighbour",
    "a young teacher",
    "the quiet baker",
    "our captain",
    "a tall farmer",
]
VERBS = ["carried", "painted", "repaired", "found", "sold", "described", "hid", "measured"]
OBJECTS = [
    "a wooden boat",
    "the red lantern",
    "seven letters",
    "an empty barrel",
    "the garden gate",
    "a silver coin",
]
PLACES = [
    "near the harbour",
    "after the storm",
    "behind the mill",
    "before sunrise",
    "on the hill",
    "in the market",
]


@dataclass(frozen=True)
class Item:
    kind: int
    question: str
    answer: str


def _words(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda sentence: " ".join(change(word) for word in sentence.split())


def _letters(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda sentence: "".join(change(letter) for letter in sentence)


def _every_other(sentence: str) -> str:
    return "".join(letter.upper() if i % 2 else letter for i, letter in enumerate(sentence))


CHANGES: list[tuple[str, Callable[[str], str]]] = [
    ("Put the words in reverse order", lambda sentence: " ".join(reversed(sentence.split()))),
    ("Write every other letter as a capital", _every_other),
    ("Put the number 1 between the words", lambda sentence: " 1 ".join(sentence.split())),
    ("Replace every vowel by a star", _letters(lambda x: "*" if x in VOWELS else x)),
    ("Write every consonant twice", _letters(lambda x: x * 2 if x.isalpha() and x not in VOWELS else x)),
    ("Begin every word with a capital", _words(str.capitalize)),
    ("Leave out all vowels", _letters(lambda x: "" if x in VOWELS else x)),
    ("End every word with ly", _words(lambda word: word + "ly")),
    ("Leave out all consonants", _letters(lambda x: "" if x.isalpha() and x not in VOWELS else x)),
    ("Say every word twice", _words(lambda word: f"{word} {word}")),
]

# Each: how it is asked, and what a (20 to 60), b (2 to 9) and c (2 to 9) come to.
SUMS: list[tuple[str, Callable[[int, int, int], int]]] = [
    (
        "A cake is cut into {a} pieces. {b} guests eat {c} pieces each. How many pieces stay?",
        lambda a, b, c: max(0, a - b * c),
    ),
    (
        "A class of {a} pupils travels with one adult for every {b} pupils. How many adults come along?",
        lambda a, b, c: -(-a // b),
    ),
    (
        "A shelf holds {a} books. {b} boxes of {c} books are bought. How many books are there now?",
        lambda a, b, c: a + b * c,
    ),
    (
        "A player makes {a} points in one round, {b} in the next and {c} in the last. How many in all?",
        lambda a, b, c: a + b + c,
    ),
    (
        "A ticket costs {b} coins and a drink {c}. What do {a} visitors pay for one of each?",
        lambda a, b, c: a * (b + c),
    ),
    (
        "{a} marbles are shared out evenly among {b} children. How many are left over?",
        lambda a, b, c: a % b,
    ),
    (
        "A train goes {a} kilometres an hour for {b} hours. How far does it come?",
        lambda a, b, c: a * b,
    ),
    (
        "Ada is {a} years old, her brother {b} years younger. How old is he in {c} years?",
        lambda a, b, c: a - b + c,
    ),
    (
        "A garden is {a} metres long and {b} metres wide. How long is the fence around it?",
        lambda a, b, c: 2 * (a + b),
    ),
    (
        "Someone saves {b} coins each week and spends {c} once. What is there after {a} weeks?",
        lambda a, b, c: a * b - c,
    ),
]


def _sentence(chance: random.Random) -> str:
    return " ".join(chance.choice(part) for part in (SUBJECTS, VERBS, OBJECTS, PLACES))


def _change(kind: int, chance: random.Random, _: bool) -> tuple[str, str]:
    told, change = CHANGES[kind]
    sentence = _sentence(chance)
    return f"{told}: {sentence}", change(sentence)


def _sum(kind: int, chance: random.Random, _: bool) -> tuple[str, str]:
    text, result = SUMS[kind]
    a, b, c = chance.randint(20, 60), chance.randint(2, 9), chance.randint(2, 9)
    return text.format(a=a, b=b, c=c), str(result(a, b, c))


MAKERS = {"sentences": _change, "sums": _sum, "grammar": grammar.make}


def make(name: str) -> tuple[list[Item], list[Item]]:
    """Records to train on and to ask about, in seeded order; no question stands in both."""
    chance = random.Random(f"kinds:{name}")
    trained: list[Item] = []
    asked: list[Item] = []
    for kind in range(len(CHANGES)):
        found: dict[str, Item] = {}
        while len(found) < TRAINED + ASKED:
            question, answer = MAKERS[name](kind, chance, len(found) >= TRAINED)
            found[question] = Item(kind, question, answer)
        items = list(found.values())
        trained += items[:TRAINED]
        asked += items[TRAINED:]
    chance.shuffle(trained)
    return trained, asked
