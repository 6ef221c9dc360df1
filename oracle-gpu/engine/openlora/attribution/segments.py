"""Which part of an answer a record shaped: its score, divided exactly among segments of the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from openlora.attribution import projection

MOST_SEGMENTS = 8  # each costs a backward pass of its own


def segment_queries(parts: Sequence[np.ndarray], query: np.ndarray) -> np.ndarray:
    """int64 [segments, k] that add up, to the unit, to the answer's own int8 `query` [k].

    `parts` [segments][k] are the segments' projected gradients; the loss is a sum over tokens, so they add
    up to the answer's. Rounding their running sums instead of each by itself keeps the integers exact; what
    clipping to int8 or the order of additions changes falls to the last.
    """
    running = np.cumsum(np.stack(parts).astype(np.float64), axis=0)
    step = projection.query_step(running[-1])
    if step == 0:
        return np.zeros(running.shape, np.int64)
    levels = np.rint(running / step).astype(np.int64)
    levels[-1] = query
    return np.diff(levels, axis=0, prepend=0)


def segment_scores(rows: np.ndarray, queries: np.ndarray) -> list[list[int]]:
    """Scores [segments][rows] of int8 `rows` [rows, k]; over the segments they sum to each row's score."""
    found: list[list[int]] = (queries @ rows.astype(np.int64).T).tolist()
    return found
