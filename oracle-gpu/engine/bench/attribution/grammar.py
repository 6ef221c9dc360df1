"""Ten rules of grammar, asked about in words that no record has: similarity of words is no help.

Instruction, subject, verb and object of an asked sentence come from other lists than those of a trained one;
only the words that the rule itself brings ("will", "not") are the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    plain: str
    third: str
    past: str
    participle: str
    ongoing: str


@dataclass(frozen=True)
class Words:
    """One side's vocabulary: subjects as (one, several)."""

    subjects: list[tuple[str, str]]
    verbs: list[Verb]
    objects: list[str]


TRAINED = Words(
    [
        ("sailor", "sailors"),
        ("teacher", "teachers"),
        ("baker", "bakers"),
        ("farmer", "farmers"),
        ("king", "kings"),
    ],
    [
        Verb("carry", "carries", "carried", "carried", "carrying"),
        Verb("paint", "paints", "painted", "painted", "painting"),
        Verb("write", "writes", "wrote", "written", "writing"),
        Verb("sell", "sells", "sold", "sold", "selling"),
        Verb("hide", "hides", "hid", "hidden", "hiding"),
    ],
    ["lantern", "letter", "barrel", "gate", "coin"],
)
ASKED = Words(
    [
        ("doctor", "doctors"),
        ("singer", "singers"),
        ("pilot", "pilots"),
        ("clerk", "clerks"),
        ("hunter", "hunters"),
    ],
    [
        Verb("choose", "chooses", "chose", "chosen", "choosing"),
        Verb("break", "breaks", "broke", "broken", "breaking"),
        Verb("clean", "cleans", "cleaned", "cleaned", "cleaning"),
        Verb("take", "takes", "took", "taken", "taking"),
        Verb("draw", "draws", "drew", "drawn", "drawing"),
    ],
    ["window", "mirror", "basket", "ladder", "map"],
)


@dataclass(frozen=True)
class Rule:
    trained: str  # how a record tells what to do
    asked: str  # how a question does
    apply: Callable[[str, str, Verb, str], str]  # of subject, subjects, verb, object


RULES = [
    Rule(
        "Tell it as past",
        "This happened yesterday",
        lambda s, _, v, o: f"The {s} {v.past} the {o}.",
    ),
    Rule(
        "Deny it",
        "Say the opposite",
        lambda s, _, v, o: f"The {s} does not {v.plain} the {o}.",
    ),
    Rule(
        "Ask it",
        "Turn this into a question",
        lambda s, _, v, o: f"Does the {s} {v.plain} the {o}?",
    ),
    Rule(
        "Make it passive",
        "Begin with what is acted upon",
        lambda s, _, v, o: f"The {o} is {v.participle} by the {s}.",
    ),
    Rule(
        "Tell it of several",
        "More than one person",
        lambda _, s, v, o: f"The {s} {v.plain} the {o}.",
    ),
    Rule(
        "Tell it as future",
        "This comes tomorrow",
        lambda s, _, v, o: f"The {s} will {v.plain} the {o}.",
    ),
    Rule(
        "Tell it as going on", "Right now, at present", lambda s, _, v, o: f"The {s} is {v.ongoing} the {o}."
    ),
    Rule(
        "Tell it as completed",
        "Just finished",
        lambda s, _, v, o: f"The {s} has {v.participle} the {o}.",
    ),
    Rule(
        "Tell it as possible",
        "Nobody knows for certain",
        lambda s, _, v, o: f"The {s} may {v.plain} the {o}.",
    ),
    Rule(
        "Stress who does it",
        "Put weight on this person",
        lambda s, _, v, o: f"It is the {s} who {v.third} the {o}.",
    ),
]


def make(kind: int, chance: random.Random, asked: bool) -> tuple[str, str]:
    """Question and answer of one rule, in the words of the trained or of the asked side."""
    rule, words = RULES[kind], ASKED if asked else TRAINED
    subject, subjects = chance.choice(words.subjects)
    verb = chance.choice(words.verbs)
    thing = chance.choice(words.objects)
    told = rule.asked if asked else rule.trained
    return f"{told}: the {subject} {verb.third} the {thing}.", rule.apply(subject, subjects, verb, thing)
