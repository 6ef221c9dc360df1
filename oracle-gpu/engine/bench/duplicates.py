"""Near-duplicates: which signal tells a copy in other words from another record of the same datanet.

    python -m bench.duplicates

The threshold of the embedding is chosen on half of the numpy records and measured on the other half and on
solidity, on which nothing was chosen. It is chosen by what it costs honest people: at most one in a hundred
of their records may be taken for a copy of somebody else's. Records whose answers are equal word for word are
the same to every signal but are other functions' (aliases): they are left out.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bench.attribution.paraphrases import paraphrase
from bench.attribution.retrains import MODELS, WORK, Study
from bench.attribution.tasks import DATA, TRAINING, text_of
from bench.attribution.tasks import examples as make
from bench.measure import Measure, report
from openlora.adapters.store import adapter_id, read_adapter
from openlora.attribution.gradients import choose_slices, loss_gradients
from openlora.embeddings.embedder import Embedder, find_embedder
from openlora.models.base import load_base
from openlora.ops.lora import fit
from openlora.train.examples import Example
from openlora.train.trainer import CHECKPOINT, loss_divisor

Record = Mapping[str, Any]
FALSE = 0.01  # of honest records, at most, may be merged
JACCARD = 0.7  # the SDK's, of 5-word shingles
BATCH = 8


@dataclass(frozen=True)
class Pairs:
    """Of a signal: similarity of each copy to its original, and of each record to the nearest other one."""

    copies: np.ndarray
    others: np.ndarray


def load(name: str) -> list[Record]:
    """Records in a fixed random order, one of each answer."""
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    seen: dict[str, Record] = {}
    for line in lines:
        record = json.loads(line)
        seen.setdefault(record["messages"][-1]["content"], record)
    records = list(seen.values())
    random.Random(f"duplicates:{name}").shuffle(records)
    return records


def shingles(record: Record) -> set[str]:
    words = re.findall(r"\w+", " ".join(f"{m['role']}: {m['content']}" for m in record["messages"]).lower())
    return {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))}


def lexical(records: Sequence[Record], copies: Sequence[Record]) -> Pairs:
    sets, others = [shingles(r) for r in records], [shingles(c) for c in copies]

    def jaccard(a: set[str], b: set[str]) -> float:
        return len(a & b) / len(a | b)

    nearest = [max(jaccard(a, b) for j, b in enumerate(sets) if j != i) for i, a in enumerate(sets)]
    return Pairs(np.array([jaccard(a, b) for a, b in zip(sets, others, strict=True)]), np.array(nearest))


def cosines(records: np.ndarray, copies: np.ndarray) -> Pairs:
    """From unit vectors [records, dimensions]."""
    between = records @ records.T
    np.fill_diagonal(between, -1)
    return Pairs((records * copies).sum(axis=1), between.max(axis=1))


def by_gradient(task: str, numbers: Sequence[int]) -> list[Pairs]:
    """Cosines of the gradients, at the checkpoint that attribution uses; of copies by each of `numbers`.

    Needs the task's checkpoint: `python -m bench.attribution.retrains TASK 0` trains it.
    """
    study = Study(task)
    train = study.task.train
    folder = WORK / task / "0" / f"{CHECKPOINT}"
    base = load_base(study.info.path, torch.float32, torch.device("cpu"), "eager")
    stored = read_adapter(folder, adapter_id(folder)).weights
    weights = fit(stored, base.switch, torch.float32, base.device)
    slices = choose_slices(weights, len(train))
    divisor = loss_divisor(train, TRAINING.batchSize)

    def units(examples: Sequence[Example]) -> np.ndarray:
        found = []
        for start in range(0, len(examples), BATCH):
            batch = examples[start : start + BATCH]
            found.append(loss_gradients(base, weights, slices, batch, divisor)[1].numpy())
            print(f"\rgradients {start + len(batch)}/{len(examples)} ", end="", file=sys.stderr, flush=True)
        rows = np.concatenate(found)
        unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    records = units(train)
    found = []
    for number in numbers:
        copies = [
            paraphrase({"messages": example.messages, "source": source}, number)
            for example, source in zip(train, study.task.sources, strict=True)
        ]
        found.append(cosines(records, units(make(study.tokenizer, copies))))
    return found


def choose(pairs: Pairs) -> float:
    """The lowest threshold, in hundredths, that takes at most FALSE of the records for copies."""
    for hundredth in range(50, 101):
        if np.mean(pairs.others >= hundredth / 100) <= FALSE:
            return hundredth / 100
    return 1.01


def halves(pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Neighbours come from all records, as in a datanet; only which are counted is divided."""
    middle = len(pairs.copies) // 2
    return (
        Pairs(pairs.copies[:middle], pairs.others[:middle]),
        Pairs(pairs.copies[middle:], pairs.others[middle:]),
    )


def judge(name: str, pairs: Pairs, threshold: float) -> list[Measure]:
    found, wrong = float(np.mean(pairs.copies >= threshold)), float(np.mean(pairs.others >= threshold))
    caught, taken = int((pairs.copies >= threshold).sum()), int((pairs.others >= threshold).sum())
    precision = caught / (caught + taken) if caught + taken else 1.0
    return [
        Measure("duplicates", f"{name}: copies found", found, "share"),
        Measure("duplicates", f"{name}: honest records taken for copies", wrong, "share", f"<={FALSE}"),
        Measure("duplicates", f"{name}: precision, as many copies as records", precision, "share"),
    ]


def main() -> None:
    embedder = Embedder(find_embedder(MODELS), 2)
    measures: list[Measure] = []
    threshold = 0.0
    for task in ("numpy", "solidity"):
        records = load(task)
        for number, kind in ((0, "templates"), (1, "templates and synonyms")):
            copies = [paraphrase(record, number) for record in records]
            words = lexical(records, copies)
            meaning = cosines(
                embedder.embed([text_of(record["messages"]) for record in records]),
                embedder.embed([text_of(record["messages"]) for record in copies]),
            )
            if task == "numpy":
                chosen, meaning = halves(meaning)
                _, words = halves(words)
                if number == 0:
                    threshold = choose(chosen)
                    print(f"embedding threshold, chosen on {len(chosen.copies)} numpy records: {threshold}")
            measures += judge(f"{task}, {kind}, shingles {JACCARD}", words, JACCARD)
            measures += judge(f"{task}, {kind}, embedding {threshold}", meaning, threshold)
            both = Pairs(
                np.where(words.copies >= JACCARD, 1, meaning.copies),
                np.where(words.others >= JACCARD, 1, meaning.others),
            )
            measures += judge(f"{task}, {kind}, either", both, threshold)
    threshold = 0.0
    kinds = ("templates", "templates and synonyms")
    for kind, pairs in zip(kinds, by_gradient("numpy", (0, 1)), strict=True):
        chosen, measured = halves(pairs)
        threshold = threshold or choose(chosen)
        measures += judge(f"numpy, {kind}, gradient {threshold}", measured, threshold)
    report(measures)


if __name__ == "__main__":
    main()
