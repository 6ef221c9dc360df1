"""The state of a training between two steps, on disk: whole or absent, so that it goes on bit by bit.

One safetensors file: the adapter's parameters (`p.N`), Adam's moments (`m.N`, `v.N`), the random generator,
with early stopping the best weights so far (`best.N`); in its metadata the step and what else has been.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from openlora.errors import EngineError

STATE = "state.safetensors"
COMMITTED = "checkpoints"  # folder beside it, of checkpoints by their step
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class TrainState:
    step: int  # steps that were taken
    facts: dict[str, Any]
    tensors: dict[str, Tensor]


def write_state(path: Path, state: TrainState) -> None:
    """Replace the state at `path`; EngineError 507 where the disk is full, and the one before stays."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    facts = {**state.facts, "step": state.step}
    body = save(plain, metadata={"openlora": json.dumps(facts, sort_keys=True)})
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in FULL:
            raise disk_full(path, len(body)) from error
        raise


def disk_full(path: Path, size: int) -> EngineError:
    message = (
        f"The disk is full: {size >> 20} MiB more could not be written to {path.parent}."
        " What was saved before is kept. Free some space, then resume the job."
    )
    return EngineError(507, "disk_full", message)


def read_facts(path: Path) -> dict[str, Any] | None:
    """What the state at `path` says beside its tensors; None where there is none that can be read."""
    try:
        with safe_open(str(path), "pt") as file:
            facts: dict[str, Any] = json.loads(file.metadata()["openlora"])
            return facts if isinstance(facts["step"], int) else None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def read_state(path: Path) -> TrainState | None:
    """The state at `path`; None where there is none that is whole."""
    facts = read_facts(path)
    if facts is None:
        return None
    step = facts.pop("step")
    return TrainState(step, facts, load_file(path))


def saved_step(path: Path) -> int:
    """The step of the state at `path`; 0 without one."""
    facts = read_facts(path)
    return 0 if facts is None else int(facts["step"])


def numbered(tensors: Mapping[str, Tensor], letter: str) -> list[Tensor]:
    """Those named `letter.0`, `letter.1`, …"""
    count = sum(name.startswith(f"{letter}.") for name in tensors)
    return [tensors[f"{letter}.{i}"] for i in range(count)]
