"""What chance scores: records against rows that they did not shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np

from openlora.attribution import projection, scan
from openlora.train.examples import Example

MOST_ASKED = 512  # records whose scores are looked at: each gives as many as there are rows
# A raw gradient [dimensions] → the rows' space [k].
Project: TypeAlias = Callable[[np.ndarray], np.ndarray]
T = TypeVar("T")
Batches: TypeAlias = Iterable[tuple[list[int], np.ndarray]]


def null_scores(
    project: Project,
    rows: np.ndarray,
    train: Sequence[Example],
    held_out: Sequence[Example],
    gradients: np.ndarray,
    gradients_of: Callable[[Sequence[Example]], Batches],
    progress: Callable[[int], None],
) -> tuple[np.ndarray, str]:
    """Scores int64 [any number], and which records these were.

    Held-out records where there are any; else each trained record against the rows of other clusters.
    `gradients` are those of `train`. Of many records, evenly chosen ones count.
    """
    clusters = np.array([example.cluster for example in train])
    examples = _evenly(held_out or train)
    found: list[np.ndarray] = []

    def ask(example: Example, raw: np.ndarray) -> None:
        query = projection.quantise_query(project(raw))
        found.append(scan.totals(scan.scores(rows, query))[clusters != example.cluster])

    if held_out:
        for places, raws in gradients_of(examples):
            for place, raw in zip(places, raws, strict=True):
                ask(examples[place], raw)
            progress(len(found))
        progress(len(held_out))
    else:
        for place in _evenly(range(len(train))):
            ask(train[place], gradients[place])
    null = np.concatenate(found)
    return (null if len(null) else np.zeros(1)), "held-out" if held_out else "other clusters"


def _evenly(values: Sequence[T]) -> list[T]:
    """At most `MOST_ASKED` of them, the first and every n-th."""
    step = -(-len(values) // MOST_ASKED)
    return list(values[::step])
