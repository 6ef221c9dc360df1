"""Evaluations of one engine: base and adapters on the same questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openlora.errands import Errands, places
from openlora.train.spec import Record
from openlora.verify import hashing

MOST_KEPT = 100  # reports; some megabytes each at most


class EvaluationManager(Errands):
    """`root/<id>.json` is a finished report, named by what was asked."""

    def __init__(self, root: Path, state: Path, base: Path, device: str, threads: int) -> None:
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(".*"):  # of an engine that was killed
            left.unlink()
        super().__init__("evaluation", root, ["evaluate", *places(state, base, device, threads)])

    def submit(self, adapters: Sequence[str], items: Sequence[Record], max_tokens: int) -> dict[str, Any]:
        """Begin it, or return the one of the same adapters and items; EngineError 429 where many wait."""
        asked = {"adapters": list(adapters), "items": [item.plain for item in items], "maxTokens": max_tokens}
        id = hashing.to_hex(hashing.sha256(hashing.canonical(asked)))
        path = self._root / f".{id}.jsonl"
        arguments = ["--items", str(path), "--max-tokens", str(max_tokens), "--out", str(self._file(id))]
        arguments += [part for adapter in adapters for part in ("--adapter", adapter)]
        with self._lock:
            if self._is_new(id):
                path.write_text("".join(f"{item.model_dump_json()}\n" for item in items), encoding="utf-8")
            return self._begin(id, arguments)

    def _file(self, id: str) -> Path:
        return self._root / f"{id}.json"

    def _result(self, id: str) -> dict[str, Any] | None:
        if "/" in id or id.startswith(".") or not self._file(id).is_file():
            return None
        report: dict[str, Any] = json.loads(self._file(id).read_bytes())
        return report

    def _finished(self, id: str) -> None:
        """The oldest reports go."""
        (self._root / f".{id}.jsonl").unlink(missing_ok=True)
        kept = sorted(self._root.glob("0x*.json"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST_KEPT]:
            path.unlink()
