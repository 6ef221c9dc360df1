"""All retrieval indexes of an engine: built whole or not at all, searched together."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from openlora.embeddings.embedder import Embedder
from openlora.errors import EngineError
from openlora.rag.index import THRESHOLD, DamagedIndex, Facts, Found, RetrievalIndex, write_index
from openlora.rag.passages import cut
from openlora.rag.spec import SearchBody, SourceRecord, bad_record
from openlora.verify import hashing


class RetrievalStore:
    """`root/<hash of the key>.sqlite`, one index each."""

    def __init__(
        self, root: Path, embedder: Callable[[], Embedder], count_tokens: Callable[[str], int]
    ) -> None:
        """`embedder` is called when first needed; `count_tokens` counts as the base model reads."""
        self._root = root
        self._embedder = embedder
        self._count_tokens = count_tokens
        self._open: dict[str, RetrievalIndex] = {}
        self._building = threading.Lock()  # one build at a time
        self._lock = threading.Lock()  # of the dictionary
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob("*.partial*"):  # of a build that was killed
            left.unlink()

    def put(self, key: str, records: Sequence[SourceRecord]) -> dict[str, Any]:
        """Build the index of these records unless it is there; EngineError 400 for a bad record."""
        check(records)
        embedder = self._embedder()
        content = hashing.canonical([record.plain for record in records])
        digest = hashlib.sha256(embedder.id.encode() + content).hexdigest()
        with self._building:
            try:
                current = self._index(key)
                if current is not None and current.facts.digest == digest:
                    return {**_public(current.facts), "built": False}
            except DamagedIndex:
                pass  # replaced below
            passages = [passage for record in records for passage in cut(record)]
            tokens = sum(self._count_tokens(passage.text) for passage in passages)
            facts = Facts(key, digest, len(records), len(passages), tokens)
            target = self._path(key)
            partial = target.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            write_index(partial, facts, passages, embedder.embed)
            with self._lock:
                self._forget(key)
                os.replace(partial, target)
                _sync(self._root)
            return {**_public(facts), "built": True}

    def delete(self, key: str) -> bool:
        """Whether there was an index; from the next search on there is none."""
        with self._building, self._lock:
            self._forget(key)
            was_there = self._path(key).exists()
            self._path(key).unlink(missing_ok=True)
            _sync(self._root)
            return was_there

    def facts(self) -> list[dict[str, Any]]:
        found = []
        for path in sorted(self._root.glob("*.sqlite")):
            try:
                index = RetrievalIndex(path)
            except DamagedIndex:
                continue
            found.append({**_public(index.facts), "bytes": path.stat().st_size})
            index.close()
        return sorted(found, key=lambda facts: str(facts["key"]))

    def search(self, asked: SearchBody) -> dict[str, Any]:
        """As docs/interfaces.md says; EngineError 404 for a key without index, 400 for an empty query."""
        if not asked.query.strip():
            raise EngineError(400, "empty_query", "The query is empty: ask something.")
        vector = self._embedder().embed([asked.query])[0]
        found: list[tuple[str, Found]] = []
        for key in dict.fromkeys(asked.keys):
            found += [(key, each) for each in self._require(key, asked, vector)]
        found.sort(key=lambda pair: (-pair[1].relevance, pair[1].passage.record_id, pair[0]))
        passages: dict[str, dict[str, Any]] = {}
        for key, each in found:
            if each.relevance < THRESHOLD or len(passages) == asked.top:
                break
            passage = each.passage
            shown = {"key": key, "recordId": passage.record_id, "cluster": passage.cluster}
            rest = {"score": each.relevance, "text": passage.text, "title": passage.title}
            passages.setdefault(passage.cluster, {**shown, **rest})
        return {"passages": list(passages.values()), "abstained": not passages, "threshold": THRESHOLD}

    def _require(self, key: str, asked: SearchBody, vector: Any) -> list[Found]:
        """What one index finds. Within the lock, so that no index is closed while it is searched."""
        with self._lock:
            try:
                index = self._index(key)
            except DamagedIndex as error:
                message = f"The retrieval index {key} is damaged: put its records again."
                raise EngineError(409, "retrieval_index_damaged", message, key=key) from error
            if index is None:
                message = f"There is no retrieval index {key}: put its records first."
                raise EngineError(404, "retrieval_index_not_found", message, key=key)
            return index.search(asked.query, vector, asked.excluded, asked.licences)

    def _index(self, key: str) -> RetrievalIndex | None:
        if key not in self._open:
            path = self._path(key)
            if not path.exists():
                return None
            self._open[key] = RetrievalIndex(path)
        return self._open[key]

    def _forget(self, key: str) -> None:
        opened = self._open.pop(key, None)
        if opened is not None:
            opened.close()

    def _path(self, key: str) -> Path:
        return self._root / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.sqlite"


def check(records: Sequence[SourceRecord]) -> None:
    """EngineError 400 names the first record that cannot be a passage, and why."""
    seen: set[str] = set()
    for record in records:
        if record.recordId in seen:
            raise bad_record(record.recordId, "it is listed twice")
        seen.add(record.recordId)
        if not any(message.content.strip() for message in record.messages if message.role != "system"):
            raise bad_record(record.recordId, "it has no text")


def _public(facts: Facts) -> dict[str, Any]:
    counts = {"records": facts.records, "passages": facts.passages, "tokens": facts.tokens}
    return {"key": facts.key, **counts}


def _sync(folder: Path) -> None:
    """Make a rename or removal last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
