"""The training log: what was trained on, hash-chained (docs/wire.md), integers only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from openlora.verify import hashing

NANO = 1_000_000_000
MICRO = 1_000_000


def nanos(value: float) -> int:
    return round(value * NANO)


class TrainingLog:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.head = hashing.ZERO
        path.write_bytes(b"")

    @classmethod
    def reopened(cls, path: Path, size: int, head: str) -> TrainingLog:
        """The log as it was at `size` bytes; what came later goes. ValueError where it is another."""
        data = path.read_bytes()[:size]
        log = cls.__new__(cls)
        log._path, log.head = path, _head(data)
        if len(data) != size or hashing.to_hex(log.head) != head:
            raise ValueError("the training log is not the one that the state was saved with")
        os.truncate(path, size)
        return log

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def append(self, entry: dict[str, Any]) -> None:
        """Add one entry; its canonical JSON is what is hashed and what the file holds."""
        data = hashing.canonical(entry)
        self.head = hashing.log_head(self.head, data)
        with self._path.open("ab") as file:
            file.write(data + b"\n")

    def step(self, step: int, record_ids: list[str], learning_rate: float, losses: list[float]) -> None:
        """`losses`: summed response-token loss of each record, in nats."""
        self.append(
            {
                "type": "step",
                "step": step,
                "recordIds": record_ids,
                "weights": [1] * len(record_ids),
                "learningRateNanos": nanos(learning_rate),
                "lossMicros": [round(loss * MICRO) for loss in losses],
            }
        )

    def checkpoint(self, step: int, digest: str, state_hash: str | None = None) -> None:
        """`state_hash`: sha256 of the training's state at that step, where it is kept for a replay."""
        state = {} if state_hash is None else {"stateHash": state_hash}
        self.append({"type": "checkpoint", "step": step, "digest": digest, **state})


def log_root(path: Path) -> bytes:
    """Root of a log file as written: the last head of the chain."""
    return _head(path.read_bytes())


def _head(data: bytes) -> bytes:
    head = hashing.ZERO
    for line in data.splitlines():
        head = hashing.log_head(head, line)
    return head
