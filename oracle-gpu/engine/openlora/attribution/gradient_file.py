"""Gradients of all records on disk, block by block, so that a build that was killed goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from openlora.attribution.gradients import Slice, loss_gradients
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraWeights
from openlora.train.examples import Example
from openlora.verify import hashing

GRADIENTS = "gradients.f32"
JOURNAL = "gradients.json"
BATCH = 8  # records per pass
SAVED_EVERY = 8  # batches between two entries of the journal


def collect(
    folder: Path,
    base: BaseModel,
    weights: LoraWeights,
    checkpoint: str,
    slices: Sequence[Slice],
    examples: Sequence[Example],
    divisor: float,
    on_progress: Callable[[int], None],
) -> np.ndarray:
    """Float32 gradients [records, dimensions] in a memory map under `folder`, written or completed.

    What the journal says is done is kept, if it was of the same records, tensors and checkpoint. Memory
    does not grow with the number of records. EngineError names a record whose gradient is no number.
    """
    shape = (len(examples), slices[-1].end)
    of = _digest(checkpoint, slices, examples, divisor)
    done = _done(folder, of, 4 * shape[0] * shape[1])
    gradients = np.memmap(folder / GRADIENTS, np.float32, "r+" if done else "w+", shape=shape)
    on_progress(done)
    for number, (places, found) in enumerate(
        batches(base, weights, slices, examples, divisor, done), start=1
    ):
        gradients[places] = found
        done += len(places)
        if number % SAVED_EVERY == 0 or done == len(examples):
            gradients.flush()
            _write(folder / JOURNAL, {"of": of, "done": done})
        on_progress(done)
    return gradients


def batches(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    examples: Sequence[Example],
    divisor: float,
    done: int = 0,
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Places in `examples` and their gradients [places, dimensions], by length to save padding.

    Without the first `done` of them. EngineError names a record whose gradient is no number.
    """
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].tokens))
    for start in range(done, len(order), BATCH):
        places = order[start : start + BATCH]
        _, found = loss_gradients(base, weights, slices, [examples[i] for i in places], divisor)
        gradients = found.cpu().numpy()
        for place, gradient in zip(places, gradients, strict=True):
            if not np.isfinite(gradient).all():
                raise bad_gradient(f"of record {examples[place].record_id}", examples[place].record_id)
        yield places, gradients


def bad_gradient(what: str, record_id: str | None = None) -> EngineError:
    """For a gradient with a component that is infinite or no number: it must never become a row or query."""
    message = (
        f"The gradient {what} is not a finite number, so nothing can be attributed by it:"
        " train again with a lower learning rate."
    )
    return EngineError(422, "bad_gradient", message, **({"recordId": record_id} if record_id else {}))


def discard(folder: Path) -> None:
    """Delete what only a build needs."""
    for name in (JOURNAL, GRADIENTS):
        (folder / name).unlink(missing_ok=True)


def _digest(checkpoint: str, slices: Sequence[Slice], examples: Sequence[Example], divisor: float) -> str:
    """Identity of everything that decides the gradients."""
    parts = [checkpoint, repr(divisor), *(piece.name for piece in slices)]
    parts += [f"{x.record_id} {hashing.tokens_root(x.tokens).hex()} {x.trained}" for x in examples]
    return hashing.to_hex(hashing.sha256("\n".join(parts).encode()))


def _done(folder: Path, of: str, size: int) -> int:
    try:
        journal = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
        if journal["of"] == of and (folder / GRADIENTS).stat().st_size == size:
            return int(journal["done"])
    except (OSError, ValueError, KeyError):
        pass
    return 0


def _write(path: Path, value: dict[str, object]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value), encoding="utf-8")
    os.replace(partial, path)
