"""Work that an engine has done beside answering: one piece at a time, each in a process of its own."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from openlora.errors import EngineError

MOST_WAITING = 8


class Errands:
    """Pieces of work by their ids. What is not finished is forgotten with the engine.

    A kind of errand says what its finished ones are: `_result`, and what follows one, `_finished`.
    """

    def __init__(self, noun: str, root: Path, command: list[str]) -> None:
        self._noun, self._root = noun, root
        self._command = [sys.executable, "-m", "openlora", *command]
        self._queue: queue.Queue[tuple[str, list[str]] | None] = queue.Queue()
        self._open: dict[str, dict[str, Any]] = {}  # by id: what is queued, runs or has failed
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._loop, name=f"{noun}s", daemon=True)
        self._thread.start()

    def status(self, id: str) -> dict[str, Any]:
        """`{ id, status, stage?, error?, result? }`; EngineError 404 where there is none."""
        with self._lock:
            return self._status(id)

    def close(self) -> None:
        self._queue.put(None)
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self._thread.join(timeout=30)

    def _result(self, id: str) -> dict[str, Any] | None:
        raise NotImplementedError

    def _finished(self, id: str) -> None:
        """Called once it is."""

    def _is_new(self, id: str) -> bool:
        """Under the lock: whether it is neither done nor under way."""
        known = self._open.get(id)
        return self._result(id) is None if known is None else known["status"] == "failed"

    def _begin(self, id: str, arguments: list[str]) -> dict[str, Any]:
        """Under the lock: queue it, or tell how that of this id stands; EngineError 429 where many wait."""
        if not self._is_new(id):
            return self._status(id)
        if self._queue.qsize() >= MOST_WAITING:
            message = f"{MOST_WAITING} {self._noun}s are waiting already: ask again in a few minutes."
            raise EngineError(429, f"too_many_{self._noun}s", message, retryAfter=60)
        self._open[id] = {"status": "queued"}
        self._queue.put((id, arguments))
        return self._status(id)

    def _status(self, id: str) -> dict[str, Any]:
        found = self._open.get(id)
        if found is not None:
            return {"id": id, **found}
        result = self._result(id)
        if result is None:
            message = f"There is no {self._noun} {id}: ask for it first."
            raise EngineError(404, f"{self._noun}_not_found", message)
        return {"id": id, "status": "done", "result": result}

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
                self._open[id] = {"status": "running"}
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
                self._finished(id)
            else:
                what = f"The {self._noun}'s process ended unexpectedly (exit code {code})."
                self._open[id] = {"status": "failed", "error": {"message": said[-1] if said else what}}


def places(state: Path, base: Path, device: str, threads: int) -> list[str]:
    """Where an errand's process finds adapters and base, as options of the command line."""
    return [
        *("--with-parent", "--state", str(state), "--models", str(base.parent), "--base", base.name),
        *("--device", device, "--threads", str(threads)),
    ]
