"""The routes of an engine: for each key what it is about, and which of them a question is nearest to."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from openlora.embeddings.embedder import Embedder
from openlora.errors import EngineError
from openlora.routing.centroids import centroids_of
from openlora.routing.spec import MOST_CHOICES

VERSION = "nearest-1"  # of what a score means: part of every choice
THRESHOLD = (
    3_500  # bps of cosine below which a question is none of a route's (bench/router, tuning questions)
)


@dataclass(frozen=True)
class Packed:
    """Some routes side by side: [all their centroids, dimensions], and where each one's begin."""

    keys: tuple[str, ...]
    rows: np.ndarray
    starts: np.ndarray


class RouteStore:
    """`root/<hash of the key>.safetensors`, one route each; all of them also in memory."""

    def __init__(self, root: Path, embedder: Callable[[], Embedder]) -> None:
        """`embedder` is called when first needed."""
        self._root = root
        self._embedder = embedder
        self._lock = threading.Lock()  # of the dictionary and the files
        self._routes: dict[str, tuple[dict[str, str], np.ndarray]] = {}
        self._packed = Packed((), np.empty((0, 0), np.float32), np.empty(0, np.int64))
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob("*.partial"):  # of a build that was killed
            left.unlink()
        for path in root.glob("*.safetensors"):
            facts, centroids = _read(path)
            if facts is not None:
                self._routes[facts["key"]] = (facts, centroids)

    def put(self, key: str, texts: Sequence[str]) -> dict[str, Any]:
        """Make the route of these texts unless it is there; EngineError 400 for an empty text."""
        embedder = self._embedder()
        content = json.dumps([VERSION, embedder.id, *texts]).encode()
        digest = hashlib.sha256(content).hexdigest()
        known = self._routes.get(key)
        if known is not None and known[0]["digest"] == digest:
            return {**_public(*known), "built": False}
        centroids = centroids_of(embedder.embed(texts))
        facts = {"key": key, "digest": digest, "embedder": embedder.id, "version": VERSION}
        facts["texts"] = str(len(texts))
        target = self._path(key)
        partial = target.with_suffix(".partial")
        with self._lock:
            partial.write_bytes(save({"centroids": centroids}, metadata=facts))
            os.replace(partial, target)
            self._routes = {**self._routes, key: (facts, centroids)}
            self._packed = self._pack(())
        return {**_public(facts, centroids), "built": True}

    def delete(self, key: str) -> bool:
        """Whether there was a route; from the next question on there is none."""
        with self._lock:
            was_there = key in self._routes
            self._path(key).unlink(missing_ok=True)
            self._routes = {other: route for other, route in self._routes.items() if other != key}
            self._packed = self._pack(())
            return was_there

    def facts(self) -> list[dict[str, Any]]:
        """The routes that questions can take: those made by the embedding model that is set up now."""
        embedder = self._embedder().id
        routes = sorted(self._routes.items())
        return [_public(*route) for key, route in routes if self._route(key, embedder) is not None]

    def choose(self, keys: Sequence[str], query: str) -> dict[str, Any]:
        """As docs/interfaces.md says: the routes nearest to the question, those that are missing left out.

        EngineError 400 for an empty question.
        """
        if not query.strip():
            raise EngineError(400, "empty_query", "The query is empty: ask something.")
        embedder = self._embedder()
        packed = self._packed_of(tuple(dict.fromkeys(keys)), embedder.id)
        choices: list[dict[str, Any]] = []
        if packed.keys:
            cosines = packed.rows @ embedder.embed([query])[0]  # [all centroids]
            scores = np.rint(np.maximum.reduceat(cosines, packed.starts) * 10_000).astype(int)  # [keys]
            order = sorted(range(len(scores)), key=lambda place: (-scores[place], packed.keys[place]))
            best = order[:MOST_CHOICES]
            choices = [{"key": packed.keys[place], "score": int(scores[place])} for place in best]
        abstained = not choices or choices[0]["score"] < THRESHOLD
        facts = {"version": VERSION, "embedder": embedder.id, "threshold": THRESHOLD}
        return {**facts, "choices": choices, "abstained": abstained}

    def _packed_of(self, keys: tuple[str, ...], embedder: str) -> Packed:
        """The routes of these keys; callers mostly ask for the same ones as before."""
        with self._lock:
            held = tuple(key for key in keys if self._route(key, embedder) is not None)
            if held != self._packed.keys:
                self._packed = self._pack(held)
            return self._packed

    def _route(self, key: str, embedder: str) -> np.ndarray | None:
        """None also for a route that was made by another embedding model."""
        facts, centroids = self._routes.get(key, ({}, None))
        return centroids if facts.get("embedder") == embedder else None

    def _pack(self, keys: tuple[str, ...]) -> Packed:
        found = [self._routes[key][1] for key in keys]
        starts = np.cumsum([0, *(len(each) for each in found)], dtype=np.int64)[:-1]
        rows = np.concatenate(found) if found else np.empty((0, 0), np.float32)
        return Packed(keys, rows, starts)

    def _path(self, key: str) -> Path:
        return self._root / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"


def _read(path: Path) -> tuple[dict[str, str] | None, np.ndarray]:
    """A stored route; None where the file is none, which is then made anew by whoever misses it."""
    nothing = np.empty((0, 0), np.float32)
    try:
        with safe_open(path, framework="numpy") as file:
            facts: dict[str, str] = file.metadata() or {}
            centroids = file.get_tensor("centroids")
    except (SafetensorError, OSError):
        return None, nothing
    is_ours = facts.get("version") == VERSION and {"key", "digest", "embedder", "texts"} <= facts.keys()
    return (facts, centroids) if is_ours else (None, nothing)


def _public(facts: dict[str, str], centroids: np.ndarray) -> dict[str, Any]:
    return {"key": facts["key"], "texts": int(facts["texts"]), "centroids": len(centroids)}
