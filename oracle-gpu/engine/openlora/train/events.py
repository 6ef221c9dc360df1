"""Append-only event log of one job: JSONL, flushed to disk event by event, readable from any seq."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

Event = dict[str, Any]
FINAL = ("done", "failed", "cancelled")


def read_events(path: Path, start: int = 0) -> list[Event]:
    """Complete events with seq ≥ start; a line cut short by a crash is not an event."""
    return read_tail(path, 0, start)[0]


def read_tail(path: Path, offset: int, start: int = 0) -> tuple[list[Event], int]:
    """Events after byte `offset`, and the offset to go on from."""
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    events = [json.loads(line) for line in whole.splitlines()]
    return [event for event in events if event["seq"] >= start], offset + len(whole)


class EventLog:
    """The writer. One process writes at a time: the server, or the job's own process while it runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        events, end = read_tail(path, 0)
        if path.exists() and path.stat().st_size > end:
            os.truncate(path, end)  # half a line, left by a crash
        self._next = events[-1]["seq"] + 1 if events else 0

    def append(self, kind: str, **fields: Any) -> Event:
        event: Event = {"seq": self._next, "time": int(time.time()), "type": kind, **fields}
        line = json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        self._next += 1
        return event
