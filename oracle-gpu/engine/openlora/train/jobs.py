"""Jobs of one engine: accepted, run one at a time in a process of their own, never lost.

Trainings come first: a calibration gives way to one, and goes on afterwards from its last whole run.

A job is a folder: `job.json` (what was asked), `events.jsonl` (its state is the last event), `log.jsonl`
(the training log), `state.safetensors` (where a training goes on after a kill), `work` (what it has made so
far), `worker.log`. Nothing about a job is kept in memory only.
"""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from openlora.errors import EngineError
from openlora.files import write_json
from openlora.train import memory
from openlora.train.events import FINAL, Event, EventLog, read_events
from openlora.train.spec import Calibration, Job, folder_name, read_job
from openlora.train.state import COMMITTED, STATE, saved_step

log = logging.getLogger("openlora")
WORK = "work"  # folder of what a training has made so far

STOPPED = "The process of this job was stopped several times before it got further."
STOPPED_HINT = "Nothing was released. See worker.log in the job's folder; then resume the job."
ATTEMPTS = 3  # starts of a job without a step between them that is kept
# glibc otherwise gives each step's large blocks back to the system and faults them in again: a quarter of the
# processor time of a step, and more where a virtual machine has to ask its host for each.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "MALLOC_TOP_PAD_": str(1 << 28),
}


class JobManager:
    def __init__(self, root: Path, base: Path, state: Path, device: str, threads: int) -> None:
        self._root = root
        self._command = [
            *(sys.executable, "-m", "openlora", "train-worker"),
            *("--base", str(base), "--state", str(state)),
            *("--device", device, "--threads", str(threads)),
        ]
        self._queue: queue.PriorityQueue[tuple[int, int, str | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None
        self._cancelled: set[str] = set()
        self._gave_way: set[str] = set()
        self._closing = False
        root.mkdir(parents=True, exist_ok=True)
        self._claim = _claim(root)
        self._folders: dict[str, Path] = {}
        self._recover()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._thread.start()

    def submit(self, job: Job | Calibration) -> dict[str, Any]:
        """Accept a job; the same id with the same content returns the job as it stands.

        A calibration that failed or was cancelled is begun again: its whole runs are kept.
        """
        with self._lock:
            folder = self._root / folder_name(job.id)
            events = folder / "events.jsonl"
            if job.id in self._folders:
                if read_job(folder).digest != job.digest:
                    message = f"Job {job.id} exists with other content: choose another id."
                    raise EngineError(409, "job_conflict", message)
                is_over = self._last(events)["type"] in ("failed", "cancelled")
                if isinstance(job, Job) or not is_over or self._is_running(job.id):
                    return self.status(job.id)
                events.unlink()
                self._cancelled.discard(job.id)
            folder.mkdir(exist_ok=True)
            write_json(folder / "job.json", job.model_dump())
            EventLog(events).append("queued")
            self._folders[job.id] = folder
            if isinstance(job, Job):
                self._make_way()
        self._put(job)
        return self.status(job.id)

    def _put(self, job: Job | Calibration) -> None:
        self._queue.put((int(isinstance(job, Calibration)), next(self._order), job.id))

    def _is_running(self, id: str) -> bool:
        return self._running is not None and self._running[0] == id

    def _make_way(self) -> None:
        """Stop the calibration that is running, if one is; it is queued again."""
        if self._running is not None and isinstance(read_job(self.folder(self._running[0])), Calibration):
            self._gave_way.add(self._running[0])
            self._running[1].kill()

    def folder(self, id: str) -> Path:
        folder = self._folders.get(id)
        if folder is None:
            raise EngineError(404, "job_not_found", f"There is no job {id}: create it first.")
        return folder

    def events_path(self, id: str) -> Path:
        return self.folder(id) / "events.jsonl"

    def status(self, id: str) -> dict[str, Any]:
        """`{ id, status, step, steps, error?, result? }`, read from the event log."""
        found: dict[str, Any] = {"id": id, "status": "queued", "step": 0, "steps": 0}
        for event in read_events(self.events_path(id)):
            kind = event["type"]
            if kind in FINAL or kind == "queued":
                found["status"] = kind
                found.pop("error", None)
            else:
                found["status"] = "running"
            found["step"] = event["step"] if kind in ("step", "run", "resumed") else found["step"]
            found["steps"] = event.get("steps", found["steps"])
            if kind == "failed":
                found["error"] = {"message": event["message"], "hint": event["hint"]}
            if kind == "done":
                found["result"] = event["result"]
        return found

    def list(self) -> list[dict[str, Any]]:
        return [self.status(id) for id in sorted(self._folders)]

    def cancel(self, id: str) -> dict[str, Any]:
        """Stop a job; one that has ended stays as it is."""
        with self._lock:
            path = self.events_path(id)
            if self._last(path)["type"] in FINAL:
                return self.status(id)
            self._cancelled.add(id)
            if self._running is not None and self._running[0] == id:
                self._gave_way.discard(id)
                self._running[1].kill()  # the jobs thread writes the event once the process is gone
            else:
                EventLog(path).append("cancelled")
        return self.status(id)

    def resume(self, id: str) -> dict[str, Any]:
        """Queue a failed job again: a training goes on after the last step that was kept.

        One that is queued or running stays as it is. EngineError 409 where there is nothing to go on with.
        """
        with self._lock:
            path = self.events_path(id)
            kind = self._last(path)["type"]
            if kind in ("done", "cancelled"):
                message = f"Job {id} is {kind}: only one that failed can be resumed."
                raise EngineError(409, "job_not_failed", message)
            if kind != "failed" or self._is_running(id):
                return self.status(id)
            EventLog(path).append("queued")
            job = read_job(self.folder(id))
            if isinstance(job, Job):
                self._make_way()
        self._put(job)
        return self.status(id)

    def close(self) -> None:
        """Stop the running job, if any; it goes on when the engine starts again."""
        with self._lock:
            self._closing = True
            if self._running is not None:
                self._running[1].kill()
        self._queue.put((-1, 0, None))
        self._thread.join(timeout=30)
        self._claim.close()

    def _recover(self) -> None:
        """Queue what has not ended; a job that was running goes on from what it kept."""
        for path in sorted(self._root.glob("*/job.json"), key=lambda path: path.stat().st_mtime):
            folder = path.parent
            job = read_job(folder)
            events = EventLog(folder / "events.jsonl")
            self._folders[job.id] = folder
            known = read_events(folder / "events.jsonl")
            if not known:
                events.append("queued")
            if known and known[-1]["type"] in FINAL:
                continue
            if isinstance(job, Job) and _starts(known, saved_step(folder / STATE)) >= ATTEMPTS:
                events.append("failed", message=STOPPED, hint=STOPPED_HINT)
            else:
                self._put(job)

    def _loop(self) -> None:
        while (id := self._queue.get()[2]) is not None:
            try:
                self._run(id)
            except OSError:  # no room for an event: the job is found unfinished at the next start
                log.exception("job %s could not be run", id)
                self._running = None

    def _run(self, id: str) -> None:
        folder = self.folder(id)
        with self._lock, (folder / "worker.log").open("ab") as log:
            if self._closing or self._last(folder / "events.jsonl")["type"] in FINAL:
                return
            # The worker leaves when its standard input closes, which it does when this process dies.
            process = subprocess.Popen(
                [*self._command, "--job", str(folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**KEEP_MEMORY, **os.environ},
            )
            self._running = (id, process)
            self._gave_way.discard(id)
            kept = saved_step(folder / STATE)
        code = process.wait()
        with self._lock:
            self._running = None
            if self._closing or self._last(folder / "events.jsonl")["type"] in FINAL:
                return
            if id in self._gave_way:
                self._gave_way.discard(id)
                self._put(read_job(folder))
                return
            events = EventLog(folder / "events.jsonl")
            if id in self._cancelled:
                events.append("cancelled")
                forget(folder)
            elif saved_step(folder / STATE) > kept:
                self._put(read_job(folder))  # it got further, so it will again
            else:
                advice = memory.read_advice(folder)
                message = f"The job's process ended unexpectedly (exit code {code}): memory may have run out."
                changes = {"changes": list(advice.changes)} if advice.changes else {}
                events.append("failed", message=message, hint=advice.hint, **changes)

    @staticmethod
    def _last(path: Path) -> Event:
        return read_events(path)[-1]


def forget(folder: Path) -> None:
    """Delete what a training has kept so far."""
    (folder / STATE).unlink(missing_ok=True)
    for part in (WORK, COMMITTED):
        shutil.rmtree(folder / part, ignore_errors=True)


def _starts(events: list[Event], kept: int) -> int:
    """How often a training was begun or gone on with since the last step that is kept, or a failure."""
    count = 0
    for event in events:
        if event["type"] in ("started", "resumed"):
            count = count + 1 if event.get("step", 0) == kept else 0
        elif event["type"] == "failed":
            count = 0
    return count


def _claim(root: Path) -> IO[bytes]:
    """Hold the folder of jobs for this process; EngineError 503 where another engine does."""
    file = (root / ".lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        message = f"Another engine uses {root}: stop it, or give this one a --state of its own."
        raise EngineError(503, "state_in_use", message) from error
    return file
