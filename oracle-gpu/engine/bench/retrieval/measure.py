"""Does the retrieval index find the record that answers, beside words alone and meaning alone?

    python -m bench.retrieval.measure [--tuning]

Questions: `questions.jsonl`, which README.md here describes; only `--tuning` looks at those kept for tuning.
BM25 (of SQLite's FTS5) and embeddings alone rank the same passages of the same records.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.measure import Measure, report
from openlora.embeddings.embedder import Embedder, find_embedder
from openlora.rag.index import Embed, Facts, Found, RetrievalIndex, write_index
from openlora.rag.passages import cut
from openlora.rag.spec import SourceRecord
from openlora.verify import hashing

HERE = Path(__file__).parent
RECORDS = HERE.parent / "attribution" / "data" / "solidity.jsonl"
MODELS = HERE.parents[3] / ".openledger" / "models"
TUNING = 30  # the first of the shuffled questions
TOP = 5
DRAWS = 10_000
Ranked = Callable[[str], list[str]]  # a question → record ids, best first


def load_records() -> list[SourceRecord]:
    found = []
    for line in RECORDS.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        id = hashing.to_hex(hashing.record_id(record))
        found.append(SourceRecord(**record, recordId=id, cluster=id))
    return found


def load_questions(tuning: bool) -> list[tuple[str, str]]:
    """Each with the title of the record that answers it."""
    lines = (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [(each["question"], each["title"]) for each in map(json.loads, lines)]
    random.Random(0).shuffle(questions)
    return questions[:TUNING] if tuning else questions[TUNING:]


def ranker(index: RetrievalIndex, embed: Embed, key: Callable[[Found], float]) -> Ranked:
    """Records in the order of `key`, the greatest first."""

    def ranked(question: str) -> list[str]:
        found = index.search(question, embed([question])[0], [], None)
        return list(dict.fromkeys(each.passage.record_id for each in sorted(found, key=key, reverse=True)))

    return ranked


def ranks(ranked: Ranked, questions: Sequence[tuple[str, str]], titles: dict[str, str]) -> np.ndarray:
    """Reciprocal ranks [questions]; 0 where the record is not found."""
    found = np.zeros(len(questions))
    for row, (question, title) in enumerate(questions):
        names = [titles[id] for id in ranked(question)]
        found[row] = 1 / (names.index(title) + 1) if title in names else 0.0
    return found


def recall(reciprocal: np.ndarray) -> np.ndarray:
    return (reciprocal >= 1 / TOP).astype(np.float64)


def spread(each: np.ndarray) -> str:
    """95 % of the mean, by bootstrap over questions."""
    draws = np.random.default_rng(0).choice(each, (DRAWS, len(each))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{each.mean():.3f} [{low:.3f}, {high:.3f}]"


def main(tuning: bool) -> None:
    records, questions = load_records(), load_questions(tuning)
    titles = {record.recordId: record.source.title for record in records}
    passages = [passage for record in records for passage in cut(record)]
    embedder = Embedder(find_embedder(MODELS), 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        facts = Facts("bench", "", len(records), len(passages), 0)
        write_index(path, facts, passages, embedder.embed)
        index = RetrievalIndex(path)
        # The candidates are the same: the best 200 passages by words and the best 200 by meaning.
        keys: dict[str, Callable[[Found], float]] = {
            "as shipped": lambda each: each.relevance,
            "BM25": lambda each: each.lexical,
            "embeddings": lambda each: each.cosine,
        }
        methods = {name: ranker(index, embedder.embed, key) for name, key in keys.items()}
        found = {name: ranks(ranked, questions, titles) for name, ranked in methods.items()}
        index.close()
    print(f"{len(questions)} questions, {len(records)} records; recall@{TOP} and MRR with 95 % intervals")
    for name, each in found.items():
        print(f"{name:12} {spread(recall(each))}  {spread(each)}")
    bench = "retrieval, tuning questions" if tuning else "retrieval"
    measures = []
    for label, figure in ((f"recall@{TOP}", recall), ("MRR", lambda each: each)):
        best = max(figure(found[name]).mean() for name in ("BM25", "embeddings"))
        for name, each in found.items():
            goal = f">={best:.4f}" if name == "as shipped" else None
            measures.append(
                Measure(bench, f"{label}, {name}", round(float(figure(each).mean()), 4), "", goal)
            )
    report(measures)


if __name__ == "__main__":
    main("--tuning" in sys.argv[1:])
