"""Exports of one engine, each in its folder."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from openlora.errands import Errands, places
from openlora.errors import EngineError
from openlora.export.run import RECORD, Format
from openlora.files import write_json

BUDGET = 20_000_000_000  # bytes of finished exports


class ExportManager(Errands):
    """`root/<adapter>.<format>/` is a finished export.

    Finished ones stay while they fit in `budget` bytes together; those asked for longest ago go first.
    """

    def __init__(
        self, root: Path, state: Path, base: Path, device: str, threads: int, budget: int = BUDGET
    ) -> None:
        self._budget = budget
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(".*"):  # of an engine that was killed
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        super().__init__("export", root, ["export", *places(state, base, device, threads)])

    def submit(self, adapter: str, kind: Format, provenance: dict[str, Any]) -> dict[str, Any]:
        """Begin an export, or return the one that is there or under way; EngineError 429 where many wait."""
        id = f"{adapter}.{kind}"
        facts = self._root / f".{id}.json"
        arguments = [adapter, "--format", kind, "--out", str(self._root / id), "--provenance", str(facts)]
        with self._lock:
            if self._is_new(id):
                write_json(facts, provenance)
            return self._begin(id, arguments)

    def file(self, id: str, name: str) -> Path:
        """A file of a finished export; EngineError 404 or 409."""
        status = self.status(id)
        if status["status"] != "done":
            raise EngineError(409, "export_not_done", f"Export {id} is {status['status']}: wait for it.")
        if name != RECORD and name not in {entry["name"] for entry in status["result"]["files"]}:
            raise EngineError(404, "file_not_found", f"Export {id} has no file {name}.")
        os.utime(self._root / id)  # it was asked for now
        return self._root / id / name

    def _result(self, id: str) -> dict[str, Any] | None:
        path = self._root / id / RECORD
        if "/" in id or id.startswith(".") or not path.is_file():
            return None
        record: dict[str, Any] = json.loads(path.read_bytes())
        return record

    def _finished(self, id: str) -> None:
        """Delete what was asked for longest ago until the rest fits; the newest one stays in any case."""
        kept = [path.parent for path in self._root.glob(f"0x*/{RECORD}")]
        size = {folder: sum(x.stat().st_size for x in folder.iterdir()) for folder in kept}
        used = sum(size.values())
        for folder in sorted(kept, key=lambda folder: folder.stat().st_mtime):
            if used <= self._budget:
                return
            if folder.name != id:
                used -= size[folder]
                shutil.rmtree(folder)
