"""Adapters of a training that is not over: what it has kept of itself so far, by step."""

from __future__ import annotations

from pathlib import Path

from openlora.adapters.store import CONFIG, FILES, adapter_id
from openlora.errors import EngineError
from openlora.train.course import EARLY
from openlora.train.events import read_events
from openlora.train.jobs import WORK
from openlora.train.state import COMMITTED


def kept_adapters(folder: Path) -> dict[int, tuple[str, Path]]:
    """Digest and folder of each adapter that the training in the job folder `folder` has kept, by its step.

    Those committed every so many steps, and the early one that attribution takes its gradients at. An event
    follows its files, so what an event names is whole; what is gone, as after a cancellation, is left out.
    """
    events = read_events(folder / "events.jsonl")
    digests = {x["step"]: x["digest"] for x in events if x["type"] == "checkpoint"}
    early = folder / WORK / EARLY
    early_digest = adapter_id(early) if all((early / name).exists() for name in FILES) else None
    found = {}
    for step, digest in sorted(digests.items()):
        committed = folder / COMMITTED / str(step)
        if (committed / CONFIG).exists():
            found[step] = (digest, committed)
        elif digest == early_digest:
            found[step] = (digest, early)
    return found


def kept_adapter(folder: Path, step: int) -> tuple[str, Path]:
    """That of one step; EngineError 404 where there is none."""
    found = kept_adapters(folder).get(step)
    if found is None:
        message = f"The training kept no adapter after step {step}: choose one of its checkpoints."
        raise EngineError(404, "checkpoint_not_found", message)
    return found
