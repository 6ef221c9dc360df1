"""Rows of an index with more records than are rotated into their own span: precondition by landmarks, mix.

The Gauss–Newton matrix of a tensor is estimated from m records drawn by the seed, the landmarks L [m, d]:
H = (n ⁄ m) LᵀL + λI. Through the m × m Gram matrix, H⁻¹v = (v − Lᵀ (LLᵀ + (m ⁄ n) λI)⁻¹ L v) ⁄ λ. Memory is
that of the landmarks, whatever the number of records; with m = n it is what `projection` computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from openlora.attribution import projection
from openlora.attribution.gradients import Slice
from openlora.attribution.mixing import mix

LANDMARKS = 4_096
MOST_COMPONENTS = 16 * 4_096  # of a row: as many partial sums as evidence lists for a record
PRECONDITIONED = "preconditioned.f32"
BLOCK_VALUES = 1 << 25  # of float32 at once, 128 MiB


def precondition(
    gradients: np.ndarray, slices: Sequence[Slice], seed: int, out: np.ndarray, landmarks: int = LANDMARKS
) -> None:
    """Fill `out` [n, dimensions] with H⁻¹g of each of `gradients`, likewise; both may be memory maps."""
    count = len(gradients)
    chosen = np.sort(np.random.default_rng(seed).permutation(count)[:landmarks])
    for piece in slices:
        columns = slice(piece.start, piece.end)
        mean = _mean_square(gradients[:, columns])
        if mean == 0:  # a tensor that no record touches explains nothing
            out[:, columns] = 0
            continue
        known = np.asarray(gradients[chosen, columns], dtype=np.float32)
        damping = projection.DAMPING * mean
        gram = (known @ known.T).astype(np.float64)
        gram[np.diag_indices(len(chosen))] += damping * len(chosen) / count
        inverse = np.linalg.inv(gram).astype(np.float32)
        for block in _blocks(count, piece.end - piece.start):
            given = np.asarray(gradients[block, columns], dtype=np.float32)
            explained = ((given @ known.T) @ inverse) @ known
            out[block, columns] = (given - explained) / np.float32(damping)


def write_rows(
    preconditioned: np.ndarray, k: int, seed: int, path: Path
) -> tuple[np.ndarray, np.ndarray, float]:
    """Mix, clip and quantise `preconditioned` [n, dimensions] into the file `path`.

    Returns the int8 rows [n, k], memory-mapped, their clipped norms float32 [n], and what 1 stands for.
    """
    count, dimensions = preconditioned.shape
    norms = np.zeros(count)
    for block in _blocks(count, dimensions):
        norms[block] = np.linalg.norm(preconditioned[block].astype(np.float64), axis=1)
    clip = projection.Clip.of(norms, k)
    rows = np.memmap(path, np.int8, "w+", shape=(count, k))
    for block in _blocks(count, 2 * k + dimensions):
        mixed = mix(preconditioned[block], k, seed)
        rows[block] = clip.quantise(mixed, norms[block])
    rows.flush()
    return rows, clip.clipped(norms), clip.step


def _mean_square(values: np.ndarray) -> float:
    """Mean squared norm of rows [n, dimensions]."""
    total = sum(float(np.square(values[block], dtype=np.float64).sum()) for block in _blocks(*values.shape))
    return total / len(values)


def _blocks(count: int, width: int) -> Iterator[slice]:
    step = max(1, BLOCK_VALUES // width)
    return (slice(start, min(count, start + step)) for start in range(0, count, step))
