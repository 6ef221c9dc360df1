"""Verbatim spans: time and memory on 100 million tokens, and how often chance or idiom makes a span.

    python -m bench.spans [MILLIONS]

The large corpus is drawn from Zipf's law, with pieces of it planted in the answers. The alternative beside it
looks for every run of eight tokens of an answer in the same bytes, as grep would.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.attribution.retrains import MODELS
from bench.attribution.tasks import load_task
from bench.measure import Measure, report
from openlora.attribution import spans
from openlora.models.base import find_base, load_tokenizer
from openlora.train.examples import Example

VOCABULARY = 49_152
RECORD = 200  # tokens
ANSWER = 256  # tokens
ANSWERS = 200


class Row:
    """A record that is its own cluster."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.record_id = self.cluster = str(position)


def large(millions: int, folder: Path) -> list[Measure]:
    generator = np.random.default_rng(0)
    chances = 1 / np.arange(1, VOCABULARY + 1)
    tokens = generator.choice(VOCABULARY, millions * 1_000_000, p=chances / chances.sum()).astype(np.uint16)
    records = tokens.reshape(-1, RECORD)
    started = time.monotonic()
    spans.build_spans(folder, records, VOCABULARY)  # type: ignore[arg-type]
    built = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    index = spans.SpanIndex(folder, [Row(i) for i in range(len(records))], VOCABULARY)
    answers = [plant(generator, records) for _ in range(ANSWERS)]
    times, naive = [], []
    for answer in answers:
        started = time.perf_counter()
        index.find([], answer)
        times.append(time.perf_counter() - started)
    data = tokens.tobytes()
    for answer in answers[:3]:
        started = time.perf_counter()
        encoded = np.array(answer, np.uint16).tobytes()
        for start in range(ANSWER - spans.MIN_TOKENS + 1):
            data.find(encoded[2 * start : 2 * (start + spans.MIN_TOKENS)])
        naive.append(time.perf_counter() - started)
    disk = sum(path.stat().st_size for path in folder.iterdir()) / 2**30
    name = f"{millions} M tokens"
    slow, fast = 1_000 * float(np.median(naive)), 1_000 * float(np.median(times))
    return [
        Measure("spans", f"build, {name}", built, "s"),
        Measure("spans", f"peak memory of building, {name}", peak, "GiB"),
        Measure("spans", f"disk, {name}", disk, "GiB"),
        Measure("spans", f"query of {ANSWER} tokens, median, {name}", fast, "ms"),
        Measure("spans", f"query, 99 %, {name}", 1_000 * float(np.quantile(times, 0.99)), "ms", "<=50"),
        Measure("spans", f"query by plain search, {name}", slow, "ms"),
        Measure("spans", "plain search ÷ suffix array", slow / fast, "ratio"),
    ]


def plant(generator: np.random.Generator, records: np.ndarray) -> list[int]:
    """An answer of which about half comes from records, in pieces of 10 to 40 tokens."""
    pieces: list[int] = []
    while len(pieces) < ANSWER:
        length = int(generator.integers(10, 41))
        at = int(generator.integers(RECORD - length))
        pieces += records[generator.integers(len(records)), at : at + length].tolist()
        pieces += generator.integers(0, VOCABULARY, length).tolist()
    return pieces[:ANSWER]


def chance(task: str, surprises: tuple[float, ...]) -> list[Measure]:
    """How many records never trained on have a span in the others; how many trained ones in their own."""
    tokenizer = load_tokenizer(find_base(MODELS))
    loaded = load_task(task, tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = len(tokenizer)
        spans.build_spans(Path(folder), [example.tokens for example in loaded.train], vocabulary)
        rows = [Row(i) for i in range(len(loaded.train))]
        index = spans.SpanIndex(Path(folder), rows, vocabulary, tokenizer.all_special_ids)
        base = index._needed - spans.MIN_SURPRISE
        found = []
        for surprise in surprises:
            index._needed = base + surprise
            for kind, examples in (("held-out", loaded.held_out), ("trained", loaded.train)):
                share = float(np.mean([bool(index.find([], answer_of(example))) for example in examples]))
                found.append(
                    Measure("spans", f"{task}: {kind} answers with a span, {surprise:g} nats", share, "share")
                )
    return found


def answer_of(example: Example) -> list[int]:
    return [token for token, trained in zip(example.tokens, example.trained, strict=True) if trained]


if __name__ == "__main__":
    millions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    # The threshold is chosen on numpy; solidity says how it does elsewhere.
    measures = chance("numpy", (20, 40, 60, 80, 100)) + chance("solidity", (spans.MIN_SURPRISE,))
    with tempfile.TemporaryDirectory() as folder:
        measures += large(millions, Path(folder))
    report(measures)
