"""Does the router lead a question to the datanet that it is about, and to none if it is about none?

    python -m bench.router.measure [--tuning]

README.md here says what is asked; only `--tuning` looks at what threshold and number of centroids were
chosen on, and prints what others would have given.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.measure import Measure, report
from bench.router import datanets
from openlora.config import fix_numerics
from openlora.embeddings.embedder import Embedder, find_embedder
from openlora.routing import store as routing
from openlora.routing.centroids import centroids_of
from openlora.routing.store import RouteStore

MODELS = Path(__file__).resolve().parents[4] / ".openledger" / "models"
THREADS = 1
TIMED = 200  # choices
DRAWS = 10_000

Asked = tuple[str, str]  # question, name of the datanet


class Remembered:
    """An embedder that has read all it is asked."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self.id = embedder.id
        self._known = dict(zip(texts, embedder.embed(texts), strict=True))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._known[text] for text in texts])


def spread(hits: np.ndarray) -> str:
    """95 % of the mean, by bootstrap over questions."""
    draws = np.random.default_rng(0).choice(hits, (DRAWS, len(hits))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{hits.mean():.3f} [{low:.3f}, {high:.3f}] of {len(hits)}"


def led(store: RouteStore, names: Sequence[str], questions: Sequence[Asked]) -> np.ndarray:
    """Of each question, 1 where it was led to its datanet: abstaining is wrong."""
    found = []
    for question, name in questions:
        chosen = store.choose(names, question)
        found.append(float(not chosen["abstained"] and chosen["choices"][0]["key"] == name))
    return np.array(found)


def latency(work: Callable[[str], object], questions: Sequence[str]) -> np.ndarray:
    """Milliseconds of each of `TIMED` questions."""
    work(questions[0])
    taken = []
    for place in range(TIMED):
        begun = time.perf_counter()
        work(questions[place % len(questions)])
        taken.append((time.perf_counter() - begun) * 1000)
    return np.array(taken)


def measure(folder: Path, embedder: Embedder, made: Sequence[datanets.Datanet]) -> list[Measure]:
    store = RouteStore(folder, lambda: embedder)
    for datanet in made:
        store.put(datanet.name, [item.text for item in datanet.records])
    print(f"{routing.VERSION}, threshold {routing.THRESHOLD} bps")
    names = [datanet.name for datanet in made]
    own = [(item.question, datanet.name) for datanet in made for item in datanet.held_out]
    meant = [(item.meaning, datanet.name) for datanet in made for item in datanet.held_out]
    none = datanets.of_none(False)
    abstained = np.array([float(store.choose(names, question)["abstained"]) for question in none])
    hits = {
        "as its record asks": led(store, names, own),
        "by meaning, without names": led(store, names, meant),
        "written by hand, about five of them": led(store, names, datanets.by_hand(made)),
    }
    for label, each in hits.items():
        print(f"{label:38} {spread(each)}")
    print(f"{'abstains where it is of none':38} {spread(abstained)}")
    missing = [
        store.choose([name for name in names if name != owner], question)["abstained"]
        for question, owner in meant
    ]
    questions = [question for question, _ in own]
    whole = latency(lambda question: store.choose(names, question), questions)
    remembered = Remembered(embedder, questions)
    quick = RouteStore(folder, lambda: remembered)  # type: ignore[arg-type, return-value]
    chosen = latency(lambda question: quick.choose(names, question), questions)
    goals = {"as its record asks": ">=0.9", "by meaning, without names": ">=0.9"}
    figures = [
        *(
            (f"top-1 of 20 datanets, {label}", mean(each), "", goals.get(label))
            for label, each in hits.items()
        ),
        ("abstains from questions of none", mean(abstained), "", ">=0.9"),
        ("abstains where its datanet is away", mean(np.array(missing)), "", None),
        ("a choice, its question embedded before, p50", at(chosen, 0.5), "ms", "<=5"),
        ("a choice, p50", at(whole, 0.5), "ms", "<=5"),
        ("a choice, p99", at(whole, 0.99), "ms", None),
    ]
    return [Measure("router", *figure) for figure in figures]


def at(taken: np.ndarray, quantile: float) -> float:
    return round(float(np.quantile(taken, quantile)), 2)


def mean(each: np.ndarray) -> float:
    return round(float(each.mean()), 4)


def tune(embedder: Embedder, made: Sequence[datanets.Datanet]) -> None:
    """Top-1 and abstention for numbers of centroids and thresholds, on what is not measured."""
    asked = [
        (text, row)
        for row, datanet in enumerate(made)
        for item in datanet.tuning
        for text in (item.question, item.meaning)
    ]
    truth = np.array([row for _, row in asked])
    questions = embedder.embed([text for text, _ in asked])
    none = embedder.embed(datanets.of_none(True))
    shapes = {
        "question and answer": [[item.text for item in datanet.records] for datanet in made],
        "question": [[item.question for item in datanet.records] for datanet in made],
        "both, apart": [
            [text for item in datanet.records for text in (item.question, item.answer)] for datanet in made
        ],
    }
    for shape, texts in shapes.items():
        vectors = [embedder.embed(each) for each in texts]
        for most in (1, 4, 8, 16, 32, 1_000):
            routes = [centroids_of(each, most) if most < 1_000 else each for each in vectors]
            scores = np.stack([(questions @ route.T).max(axis=1) for route in routes], axis=1)
            away = np.stack([(none @ route.T).max(axis=1) for route in routes], axis=1).max(axis=1)
            right, best = scores.argmax(axis=1) == truth, scores.max(axis=1)
            line = " ".join(
                f"{threshold:.2f}:{np.mean(right & (best >= threshold)):.3f}/{np.mean(away < threshold):.2f}"
                for threshold in np.arange(0.15, 0.56, 0.05)
            )
            print(f"{shape:20} {most:5} centroids {right.mean():.3f}  {line}")


def main(tuning: bool) -> None:
    made = datanets.make()
    print(", ".join(f"{datanet.name} {len(datanet.records)}" for datanet in made))
    embedder = Embedder(find_embedder(MODELS), THREADS)
    if tuning:
        tune(embedder, made)
        return
    with tempfile.TemporaryDirectory() as folder:
        report(measure(Path(folder), embedder, made))


if __name__ == "__main__":
    fix_numerics()
    main("--tuning" in sys.argv[1:])
