"""What removing records really does: `npm run bench -- removals [--runs N]`.

    python -m bench.attribution.removals [--runs N]

Two studies on the measuring task, each run the whole training but for a few records, kept once trained:

- **contributors**: a folder of the library stands for whoever documented it. Each is left out in turn; how
  well does what the answers would have paid it foretell how much worse they become?
- **top five**: of twelve questions, the five records that attribution puts first are left out, then the five
  that BM25 puts first, then five drawn by chance. Whose absence lowers the answer's probability most?

`--runs` trains at most so many (the next call goes on) and prints what the studies that are whole have found.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from bench.attribution import baselines, tasks
from bench.attribution.measure import TASK, shipped
from bench.attribution.retrains import WHOLE, Study, train_all
from bench.attribution.tasks import text_of
from bench.measure import Measure, report

CONTRIBUTORS = 16
QUESTIONS = [*range(6), *range(tasks.KNOWN, tasks.KNOWN + 6)]  # six about records trained on, six not
REMOVED = 5
DRAWS = 5  # of five records by chance, each asked about all twelve questions
LISTED = 32
CAP = 0.8  # of an answer's money, for one contributor
Places = Sequence[int]


def contributors(study: Study) -> dict[str, Places]:
    """The folders with most records and the places of these."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, source in enumerate(study.task.sources):
        found["/".join(source["path"].split("/")[:2])].append(place)
    largest = sorted(found, key=lambda name: (-len(found[name]), name))[:CONTRIBUTORS]
    return {name: found[name] for name in largest}


def direct(scores: np.ndarray, threshold: float, owned: Mapping[str, Places]) -> tuple[np.ndarray, float]:
    """What the answers' records earn by the rule of docs/allocation.md, a share of 1 to divide per answer.

    [owned], and what no record explains. scores [questions, records]; every record is a cluster of its own.
    """
    paid = np.zeros(scores.shape)
    for row, each in zip(paid, scores, strict=True):
        excess = np.maximum(each - threshold, 0)
        listed = np.argsort(-excess)[:LISTED]
        total = excess[listed].sum() + max(threshold, 0)
        if total > 0:
            row[listed] = excess[listed] / total
    found = np.stack([paid[:, list(places)].sum(axis=1) for places in owned.values()])
    others = paid.sum() - found.sum()  # of contributors that are not asked about
    capped = found.clip(max=CAP).sum(axis=1)
    return capped, float(len(scores) - capped.sum() - others)


def payouts(scores: np.ndarray, threshold: float, owned: Mapping[str, Places]) -> np.ndarray:
    """The same with what the datanet's pool pays, by accepted records: all that each one gets. [owned]"""
    earned, pool = direct(scores, threshold, owned)
    found: np.ndarray = earned + pool * sizes(owned) / scores.shape[1]
    return found


def sizes(owned: Mapping[str, Places]) -> np.ndarray:
    return np.array([len(places) for places in owned.values()])


def best(scores: np.ndarray, question: int) -> Places:
    return [int(place) for place in np.argsort(-scores[question], kind="stable")[:REMOVED]]


def by_chance(draw: int, count: int) -> Places:
    return random.Random(f"removed:{TASK}:{draw}").sample(range(count), REMOVED)


def train(study: Study, due: Sequence[Places], most: int | None) -> bool:
    """Train at most so many of what is not kept yet; whether all is there."""
    todo = [places for places in due if not study.has_without(places)]
    train_all(todo[:most], study.without)
    return most is None or len(todo) <= most


def contributors_left_out(
    study: Study, scores: np.ndarray, threshold: float, words: np.ndarray
) -> list[Measure]:
    owned = contributors(study)
    whole = study.losses(f"0/{WHOLE}")
    effects = np.array([(study.without(places) - whole).sum() for places in owned.values()])
    ways = {
        "payout": payouts(scores, threshold, owned),
        "payout without the pool's": direct(scores, threshold, owned)[0],
        "sum of scores": np.array([scores[:, list(places)].sum() for places in owned.values()]),
        "payout by BM25's scores": payouts(words, 0.0, owned),
        "number of records": sizes(owned),
    }
    return [
        Measure(
            "removals",
            f"contributors left out: effect, rank correlation with {name}",
            float(spearmanr(values, effects).statistic),
            "",
            ">=0.8" if name == "payout" else None,
        )
        for name, values in ways.items()
    ]


def five_left_out(
    study: Study, scores: np.ndarray, words: np.ndarray, chance: Sequence[Places]
) -> list[Measure]:
    whole = study.losses(f"0/{WHOLE}")
    falls = {
        "attribution's five": [(study.without(best(scores, q)) - whole)[q] for q in QUESTIONS],
        "BM25's five": [(study.without(best(words, q)) - whole)[q] for q in QUESTIONS],
        "five by chance": [
            np.mean([(study.without(places) - whole)[q] for places in chance]) for q in QUESTIONS
        ],
    }
    means = {name: float(np.mean(values)) for name, values in falls.items()}
    rival = max(value for name, value in means.items() if name != "attribution's five")
    goals = {"attribution's five": f">={rival:.4f}"}
    return [
        Measure(
            "removals",
            f"without {name}: fall of the answer's log-probability",
            value,
            "nats",
            goals.get(name),
        )
        for name, value in means.items()
    ]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=None)
    chosen = arguments.parse_args()
    study = Study(TASK)
    study.run(WHOLE)
    scores, threshold = shipped(study)
    words = baselines.bm25(
        [text_of(example.messages) for example in study.task.train],
        [text_of(target.messages) for target in study.targets()],
    )
    chance = [by_chance(draw, len(study.task.train)) for draw in range(DRAWS)]
    fives = [*(best(by, question) for question in QUESTIONS for by in (scores, words)), *chance]
    first = list(contributors(study).values())
    due = [places for places in first if not study.has_without(places)]
    left = None if chosen.runs is None else max(0, chosen.runs - len(due))
    measures: list[Measure] = []
    if train(study, first, chosen.runs):
        measures += contributors_left_out(study, scores, threshold, words)
    if train(study, fives, left):
        measures += five_left_out(study, scores, words, chance)
    if measures:
        report(measures)


if __name__ == "__main__":
    main()
