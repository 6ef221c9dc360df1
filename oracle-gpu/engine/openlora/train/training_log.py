"""The training log: what was trained on, hash-chained (docs/wire.md), integers only."""

from __future__ import annotations

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

    def checkpoint(self, step: int, digest: str) -> None:
        self.append({"type": "checkpoint", "step": step, "digest": digest})


def log_root(path: Path) -> bytes:
    """Root of a log file as written: the last head of the chain."""
    head = hashing.ZERO
    for line in path.read_bytes().splitlines():
        head = hashing.log_head(head, line)
    return head
