"""One retrieval index: passages, their words (FTS5) and their vectors (sqlite-vec) in a SQLite file.

Both searches are exact, so that the same question always finds the same passages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import sqlite_vec

from openlora.rag.passages import Passage, match_any, words

Embed = Callable[[Sequence[str]], np.ndarray]
CANDIDATES = 200  # of each of the two searches, before they are put together
# relevance = WEIGHT · cosine + (1 − WEIGHT) · b ÷ (b + HALF), b the BM25 score: unlike a sum of ranks it
# means the same whatever the question. Chosen on the tuning questions of bench/retrieval.
WEIGHT = 0.8
HALF = 12.0
THRESHOLD = 2_800  # parts per 10,000 of relevance: what is below has nothing to do with the question
FORMAT = "1"  # of the file; another one is built again
EMBED_BATCH = 256


@dataclass(frozen=True)
class Found:
    """A passage with its cosine [-1, 1] and BM25 score (≥ 0) for a query."""

    passage: Passage
    cosine: float
    lexical: float

    @property
    def relevance(self) -> int:
        """Parts per 10,000."""
        mixed = WEIGHT * max(0.0, self.cosine) + (1 - WEIGHT) * self.lexical / (self.lexical + HALF)
        return min(10_000, int(10_000 * mixed))


@dataclass(frozen=True)
class Facts:
    """What is known of an index without opening its passages."""

    key: str
    digest: str  # of the records and of what embedded them
    records: int
    passages: int
    tokens: int


class DamagedIndex(Exception):
    """The file is not a whole index of this format."""


def write_index(path: Path, facts: Facts, passages: Sequence[Passage], embed: Embed) -> None:
    """Write a new file at `path`; in one transaction, but whoever needs it whole moves it into place."""
    connection = _open(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    try:
        with connection:
            connection.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
            connection.execute(
                "CREATE TABLE passages (id INTEGER PRIMARY KEY, record_id TEXT, cluster TEXT, licence TEXT,"
                " title TEXT, text TEXT)"
            )
            connection.execute("CREATE VIRTUAL TABLE lexical USING fts5(words, tokenize='porter unicode61')")
            for start in range(0, len(passages), EMBED_BATCH):
                batch = passages[start : start + EMBED_BATCH]
                vectors = embed([embedded_text(passage) for passage in batch])
                if start == 0:
                    connection.execute(
                        "CREATE VIRTUAL TABLE vectors USING"
                        f" vec0(embedding float[{vectors.shape[1]}] distance_metric=cosine)"
                    )
                for id, (passage, vector) in enumerate(zip(batch, vectors, strict=True), start + 1):
                    connection.execute(
                        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            id,
                            passage.record_id,
                            passage.cluster,
                            passage.licence,
                            passage.title,
                            passage.text,
                        ),
                    )
                    connection.execute(
                        "INSERT INTO lexical (rowid, words) VALUES (?, ?)",
                        (id, words(f"{passage.title}\n{passage.text}")),
                    )
                    connection.execute(
                        "INSERT INTO vectors (rowid, embedding) VALUES (?, ?)", (id, _blob(vector))
                    )
            rows = {**{name: str(value) for name, value in vars(facts).items()}, "format": FORMAT}
            connection.executemany("INSERT INTO facts VALUES (?, ?)", list(rows.items()))
    finally:
        connection.close()


def embedded_text(passage: Passage) -> str:
    return f"{passage.title}\n{passage.text}"


class RetrievalIndex:
    """An index opened for searches; DamagedIndex where the file is not whole. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = _open(path, apsw.SQLITE_OPEN_READONLY)
            checked = self._connection.execute("PRAGMA quick_check").fetchall()
            facts = self._connection.execute("SELECT name, value FROM facts").fetchall()
            rows: dict[Any, Any] = {fact[0]: fact[1] for fact in facts}
            if checked != [("ok",)] or rows.pop("format") != FORMAT:
                raise DamagedIndex(path.name)
            numbers = {name: int(rows[name]) for name in ("records", "passages", "tokens")}
            self.facts = Facts(key=str(rows["key"]), digest=str(rows["digest"]), **numbers)
        except (apsw.Error, KeyError, ValueError) as error:
            raise DamagedIndex(f"{path.name}: {error}") from error

    def search(
        self, query: str, vector: np.ndarray, excluded: Sequence[str], licences: Sequence[str] | None
    ) -> list[Found]:
        """All candidates, best first, ties by record; `vector` [dimensions] is the query's, norm 1."""
        with self._lock:
            self._allow(excluded, licences)
            lexical = self._lexical(match_any(query))
            cosine = self._cosine(vector, list(lexical))
            rows: list[Any] = self._connection.execute(
                "SELECT id, record_id, cluster, licence, title, text FROM passages"
                " WHERE id IN (SELECT value FROM temp.chosen)"
            ).fetchall()
        found = [
            Found(Passage(*(str(part) for part in fields)), cosine[int(id)], lexical.get(int(id), 0.0))
            for id, *fields in rows
        ]
        return sorted(found, key=lambda x: (-x.relevance, x.passage.record_id, x.passage.text))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _allow(self, excluded: Sequence[str], licences: Sequence[str] | None) -> None:
        """Fill temp.allowed with the passages that this search may find."""
        connection = self._connection
        for name in ("allowed", "chosen", "excluded", "licences"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        connection.execute("CREATE TEMP TABLE excluded (value TEXT PRIMARY KEY)")
        connection.executemany("INSERT OR IGNORE INTO temp.excluded VALUES (?)", [(id,) for id in excluded])
        connection.execute("CREATE TEMP TABLE licences (value TEXT PRIMARY KEY)")
        connection.executemany(
            "INSERT OR IGNORE INTO temp.licences VALUES (?)", [(x,) for x in licences or ()]
        )
        wanted = "" if licences is None else " AND licence IN (SELECT value FROM temp.licences)"
        connection.execute(
            "CREATE TEMP TABLE allowed AS SELECT id AS value FROM passages"
            f" WHERE record_id NOT IN (SELECT value FROM temp.excluded){wanted}"
        )

    def _lexical(self, expression: str) -> dict[int, float]:
        """BM25 by passage, the best of those allowed."""
        if not expression:
            return {}
        rows: list[Any] = self._connection.execute(
            "SELECT rowid, -bm25(lexical) AS score FROM lexical WHERE lexical MATCH ?"
            " AND rowid IN (SELECT value FROM temp.allowed) ORDER BY score DESC, rowid LIMIT ?",
            (expression, CANDIDATES),
        ).fetchall()
        return {int(id): max(0.0, float(score)) for id, score in rows}

    def _cosine(self, vector: np.ndarray, others: Sequence[int]) -> dict[int, float]:
        """Cosine of the nearest allowed passages and of `others`; fills temp.chosen with all of them."""
        connection = self._connection
        near: list[Any] = connection.execute(
            "SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = ?"
            " AND rowid IN (SELECT value FROM temp.allowed)",
            (_blob(vector), CANDIDATES),
        ).fetchall()
        connection.execute("CREATE TEMP TABLE chosen (value INTEGER PRIMARY KEY)")
        ids = [(int(id),) for id in {*(int(id) for (id,) in near), *others}]
        connection.executemany("INSERT INTO temp.chosen VALUES (?)", ids)
        rows: list[Any] = connection.execute(
            "SELECT rowid, vec_distance_cosine(embedding, ?) FROM vectors"
            " WHERE rowid IN (SELECT value FROM temp.chosen)",
            (_blob(vector),),
        ).fetchall()
        return {int(id): 1.0 - float(distance) for id, distance in rows}


def _open(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(False)
    return connection


def _blob(vector: np.ndarray) -> bytes:
    return vector.astype("<f4").tobytes()
