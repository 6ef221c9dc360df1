"""Exports of one engine: one at a time, in a process of their own, each in its folder."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from openlora.errors import EngineError
from openlora.export.run import RECORD, Format
from openlora.files import write_json

LOG = "export.log"


class ExportManager:
    """`root/<adapter>.<format>/` is a finished export. What is not finished is forgotten with the engine."""

    def __init__(self, root: Path, state: Path, base: Path, device: str, threads: int) -> None:
        self._root = root
        self._command = [
            *(sys.executable, "-m", "openlora", "export", "--with-parent", "--state", str(state)),
            *(
                "--models",
                str(base.parent),
                "--base",
                base.name,
                "--device",
                device,
                "--threads",
                str(threads),
            ),
        ]
        self._queue: queue.Queue[tuple[str, list[str]] | None] = queue.Queue()
        self._open: dict[str, dict[str, Any]] = {}  # by id: what is queued, runs or has failed
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(".*"):  # of an engine that was killed
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        self._thread = threading.Thread(target=self._loop, name="exports", daemon=True)
        self._thread.start()

    def submit(self, adapter: str, kind: Format, provenance: dict[str, Any]) -> dict[str, Any]:
        """Begin an export, or return the one that is there or under way."""
        id = f"{adapter}.{kind}"
        with self._lock:
            known = self._open.get(id)
            is_open = known is not None and known["status"] != "failed"
            if is_open or (self._root / id / RECORD).exists():
                return self._status(id)
            self._open[id] = {"status": "queued"}
            facts = self._root / f".{id}.json"
            write_json(facts, provenance)
            arguments = [adapter, "--format", kind, "--out", str(self._root / id), "--provenance", str(facts)]
            self._queue.put((id, arguments))
            return self._status(id)

    def status(self, id: str) -> dict[str, Any]:
        """`{ id, status, stage?, error?, result? }`; EngineError 404 where there is none."""
        with self._lock:
            return self._status(id)

    def _status(self, id: str) -> dict[str, Any]:
        found = self._open.get(id)
        if found is not None:
            return {"id": id, **found}
        record = self._record(id)
        if record is None:
            raise EngineError(404, "export_not_found", f"There is no export {id}: ask for it first.")
        return {"id": id, "status": "done", "result": record}

    def _record(self, id: str) -> dict[str, Any] | None:
        path = self._root / id / RECORD
        if "/" in id or id.startswith(".") or not path.is_file():
            return None
        record: dict[str, Any] = json.loads(path.read_bytes())
        return record

    def file(self, id: str, name: str) -> Path:
        """A file of a finished export; EngineError 404 or 409."""
        status = self.status(id)
        if status["status"] != "done":
            raise EngineError(409, "export_not_done", f"Export {id} is {status['status']}: wait for it.")
        if name != RECORD and name not in {entry["name"] for entry in status["result"]["files"]}:
            raise EngineError(404, "file_not_found", f"Export {id} has no file {name}.")
        return self._root / id / name

    def close(self) -> None:
        self._queue.put(None)
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self._thread.join(timeout=30)

    def _loop(self) -> None:
        while (next_one := self._queue.get()) is not None:
            self._run(*next_one)

    def _run(self, id: str, arguments: list[str]) -> None:
        with (self._root / f".{id}.log").open("w+") as log:
            with self._lock:
                self._process = subprocess.Popen(
                    [*self._command, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            last = ""
            assert self._process.stdout is not None
            for line in self._process.stdout:  # a stage, or at last what it says
                last = line.strip()
                if last.startswith("stage "):
                    with self._lock:
                        self._open[id] = {"status": "running", "stage": last.removeprefix("stage ")}
            code = self._process.wait()
            log.seek(0)
            said = log.read().strip().splitlines()
        with self._lock:
            self._process = None
            if code == 0:
                del self._open[id]
            else:
                reason = said[-1] if said else f"The export's process ended unexpectedly (exit code {code})."
                self._open[id] = {"status": "failed", "error": {"message": reason}}
