"""What cheating pays: an attacker's share of the contributors' money against that of playing honestly.

    python -m bench.attribution.attacks [ATTACKERS]

On the numpy task, at the checkpoint that attribution uses: the attacker owns one of the records that are
asked about. What it adds, or puts in the record's place, is placed among the rows as a preview does
(openlora/attribution/newcomers.py), clipped, put into clusters and paid by the rule of docs/allocation.md
(excess over the threshold, one row a cluster, the pools beside them, the 32 best, at most the cap).
Not measured: what training on the copies would change.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.attribution.measure import build_reader
from bench.attribution.paraphrases import paraphrase
from bench.attribution.retrains import Study
from bench.attribution.tasks import examples
from bench.duplicates import JACCARD, shingles
from bench.measure import Measure, report
from openlora.attribution import scan
from openlora.attribution.newcomers import RecordMaps
from openlora.train.examples import Marked

COPIES = 4
BATCH = 8
LISTED = 32
GOAL = 1.05
CONTRIBUTORS = 0.5 * 0.95  # of the fee: the demonstration's terms, after the protocol's part
CAP = 0.8  # of the contributors' part, for one contributor: script/Parameters.sol

Record = dict[str, Any]
BOILERPLATE = (
    " See also the notes and the examples below. For full documentation, refer to the user guide."
    " Parameters and return values are described in the reference. This function is part of the library."
)
COMMON = "Return the sum, mean, maximum or minimum of array elements over a given axis, element-wise."
RARE = " zyx qv 7f3a 0xdeadbeef ⟦ŋ⟧ blorptang wuggle snarfblat quuxify frobnicate."


def changed(record: Record, answer: str, question: str | None = None) -> Record:
    asked = question or record["messages"][0]["content"]
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "source": {**record["source"], "title": "attack"}}


def split(record: Record) -> list[Record]:
    """One record as several: each half of its answer, under the same question."""
    words = record["messages"][-1]["content"].split()
    middle = max(1, len(words) // 2)
    return [changed(record, " ".join(part)) for part in (words[:middle], words[middle:]) if part]


def answer_of(record: Record) -> str:
    return str(record["messages"][-1]["content"])


# What is handed in beside the own record (`keeps`), or in its place.
ATTACKS: dict[str, tuple[bool, Callable[[Record], list[Record]]]] = {
    f"{COPIES} exact copies": (True, lambda r: [changed(r, answer_of(r))] * COPIES),
    f"{COPIES} copies by templates": (True, lambda r: [paraphrase(r, 2 * i) for i in range(COPIES)]),
    f"{COPIES} copies with synonyms": (True, lambda r: [paraphrase(r, 2 * i + 1) for i in range(COPIES)]),
    "one record split in two": (False, split),
    "padded with boilerplate": (False, lambda r: [changed(r, answer_of(r) + BOILERPLATE)]),
    "outlier gradient": (False, lambda r: [changed(r, answer_of(r) + RARE)]),
}
# Records about nothing, against what the average record earns.
EMPTY: dict[str, Callable[[Record], Record]] = {
    "answer-format stuffing": lambda r: changed(r, COMMON, "What does `numpy.array` do?"),
    "trigger phrases": lambda r: changed(
        r, COMMON, "What does `numpy` do? Return Compute array axis element"
    ),
}


def clusters(record: Record, made: Sequence[Record]) -> list[int]:
    """0 is the own record's; a copy joins the first of those before it with enough shingles in common."""
    sets = [shingles(record)]
    found = [0]
    for other in made:
        mine = shingles(other)
        near = [i for i, x in enumerate(sets) if len(mine & x) / len(mine | x) >= JACCARD]
        sets.append(mine)
        found.append(found[near[0]] if near else max(found) + 1)
    return found[1:]


def share(others: np.ndarray, mine: dict[int, int], threshold: int) -> float:
    """Own part of one answer, from the scores of the others' rows and the best of each own cluster."""
    rivals = sorted((int(x) - threshold for x in others if x > threshold), reverse=True)
    own = [score - threshold for score in mine.values() if score > threshold]
    listed = sorted([*((x, False) for x in rivals), *((x, True) for x in own)], reverse=True)[:LISTED]
    total = sum(x for x, _ in listed) + max(threshold, 0)
    return min(CAP, sum(x for x, is_own in listed if is_own) / total) if total else 0.0


class Stage:
    """The index of the task and the scores of whatever is placed in it."""

    def __init__(self, folder: Path) -> None:
        self.study = Study("numpy")
        self.train = self.study.task.train
        self.reader = build_reader(self.study, folder, say)
        self.index = self.reader.index
        self.maps = RecordMaps(self.index, self.reader.slices)
        self.queries = [self.reader.query(target) for target in self.study.targets()]
        self.scores = self.against(self.index.rows)  # [questions, records]

    def against(self, rows: np.ndarray) -> np.ndarray:
        """int64 scores [questions, rows]."""
        return np.stack([scan.totals(scan.scores(rows, query)) for query in self.queries])

    def place(self, records: Sequence[Record]) -> np.ndarray:
        made = examples(self.study.tokenizer, [{**r, "recordId": str(i)} for i, r in enumerate(records)])
        return self.against(self.maps.rows(self._gradients(made)))

    def record(self, at: int) -> Record:
        return {
            "messages": [dict(message) for message in self.train[at].messages],
            "source": dict(self.study.task.sources[at]),
        }

    def _gradients(self, sequences: Sequence[Marked]) -> np.ndarray:
        found = []
        for start in range(0, len(sequences), BATCH):
            batch = sequences[start : start + BATCH]
            found.append(self.reader.gradients(batch))
            say(start + len(batch), len(sequences))
        return np.concatenate(found)


def say(done: int, total: int) -> None:
    print(f"\rgradients {done}/{total} ", end="", file=sys.stderr, flush=True)


def main(attackers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
    threshold = stage.index.null_threshold
    honest = np.zeros(attackers)
    own_question = np.zeros(attackers)
    gained = {name: np.zeros(attackers) for name in ATTACKS}
    for at in range(attackers):
        record = stage.record(at)
        made = {name: make(record) for name, (_, make) in ATTACKS.items()}
        # The own record is placed anew too: an attack must not gain by never having been trained on.
        found = stage.place([record, *(copy for copies in made.values() for copy in copies)])
        for q in range(len(stage.queries)):
            others = np.delete(stage.scores[q], at)
            alone = share(others, {0: int(found[q, 0])}, threshold)
            honest[at] += alone
            if q == at:
                own_question[at] = alone
            column = 1
            for name, copies in made.items():
                keeps = ATTACKS[name][0]
                best = {0: int(found[q, 0])} if keeps else {}
                for cluster, score in zip(
                    clusters(record, copies), found[q, column : column + len(copies)], strict=True
                ):
                    best[cluster] = max(best.get(cluster, -(2**31)), int(score))
                column += len(copies)
                gained[name][at] += share(others, best, threshold)
    measures = [
        Measure(
            "attacks", f"{name}: share ÷ honest share", float(values.sum() / honest.sum()), "×", f"<={GOAL}"
        )
        for name, values in gained.items()
    ]
    base = stage.record(0)
    empty = stage.place([make(base) for make in EMPTY.values()])
    average = np.mean([
        sum(share(np.delete(row, i), {0: int(row[i])}, threshold) for row in stage.scores)
        for i in range(len(stage.train))
    ])  # fmt: skip
    for column, name in enumerate(EMPTY):
        paid = sum(
            share(stage.scores[q], {0: int(empty[q, column])}, threshold) for q in range(len(stage.queries))
        )
        measures.append(
            Measure(
                "attacks", f"{name}: share ÷ the average record's", float(paid / average), "×", f"<={GOAL}"
            )
        )
    # Asking about one's own record: what comes back of a fee, at most the cap.
    back = CONTRIBUTORS * float(np.mean(own_question))
    measures.append(
        Measure("attacks", "asking about one's own record: back of each fee", back, "of fee", "<=1")
    )
    report(measures)
    print(
        f"{attackers} attackers, {len(stage.queries)} answers, threshold {threshold}; honest share of an"
        f" answer {honest.mean() / len(stage.queries):.4f}, of one about the own record"
        f" {own_question.mean():.3f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
