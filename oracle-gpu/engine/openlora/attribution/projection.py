"""From gradients to comparable int8 rows: precondition, rotate into the rows' own span, clip, quantise.

With G [n, d] the records' gradients of one tensor, the Gauss–Newton matrix of the tensor is GᵀG + λI.
Everything is done through the n×n Gram matrices: (GᵀG + λI)⁻¹Gᵀ = Gᵀ(GGᵀ + λI)⁻¹.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openlora.attribution.gradients import Slice

DAMPING = 1.0  # λ as a multiple of the mean eigenvalue of GGᵀ
SPREAD = 4.0  # int8 covers ± this many standard deviations of a rotated component
LEVELS = 127


@dataclass(frozen=True)
class Projection:
    rows: np.ndarray  # float64 [n, k]: preconditioned rows, rotated
    matrix: np.ndarray  # float32 [k, dimensions]: takes a query's raw gradient to the rows' space
    # float32 [tensors, k, k]: what `matrix` makes of one tensor's part of a record's raw gradient, times
    # this, is that tensor's part of the record's row. None where nobody asked for them.
    record_maps: np.ndarray | None


def project(
    gradients: np.ndarray,
    slices: Sequence[Slice],
    seed: int,
    out: np.ndarray,
    damping: float = DAMPING,
    record_maps: np.ndarray | None = None,
) -> Projection:
    """Build the projection from gradients [n, dimensions] (may be a memory map); fills `out` [n, dimensions].

    Exact: `rows @ (matrix @ g)` equals the preconditioned dot product of every record with g. A random
    rotation, drawn from `seed`, spreads each row evenly over its components, so that int8 costs little.

    Fills `record_maps` [tensors, k, k] where given. With R the rows and H = GᵀG + λI of a tensor, its part of
    the matrix is M = R⁺(GGᵀ + λI)⁻¹G, and M·H⁻¹g = R⁺(GGᵀ + λI)⁻¹R·M·g: the gradients themselves are not
    needed any more to place a record that was never trained on among the rows. M of all tensors has
    orthonormal rows, so the place is the nearest to the record's preconditioned gradient in their span.
    """
    count = len(gradients)
    inverses: list[np.ndarray] = []
    inner = np.zeros((count, count))
    for piece in slices:
        block = np.asarray(gradients[:, piece.start : piece.end], dtype=np.float32)
        gram = (block @ block.T).astype(np.float64)
        mean = float(np.trace(gram)) / count
        if mean == 0:  # a tensor that no record touches explains nothing
            inverses.append(np.zeros((count, count)))
            continue
        inverse = np.linalg.inv(gram + damping * mean * np.eye(count))
        inverses.append(inverse)
        inner += inverse @ gram @ inverse
    values, vectors = np.linalg.eigh(inner)
    keep = values > values[-1] * 1e-12
    singular = np.sqrt(np.where(keep, values, 0.0))
    rotation = random_rotation(count, seed)
    rows = (vectors * singular) @ rotation
    back = rotation.T @ (np.where(keep, 1 / np.where(keep, singular, 1.0), 0.0)[:, None] * vectors.T)
    for piece, inverse in zip(slices, inverses, strict=True):
        block = np.asarray(gradients[:, piece.start : piece.end], dtype=np.float32)
        out[:, piece.start : piece.end] = (back @ inverse).astype(np.float32) @ block
    if record_maps is not None:
        for place, inverse in enumerate(inverses):
            record_maps[place] = back @ inverse @ rows
    return Projection(rows, out, record_maps)


def random_rotation(size: int, seed: int) -> np.ndarray:
    """Orthogonal [size, size], uniformly drawn."""
    normal = np.random.default_rng(seed).standard_normal((size, size))
    q, r = np.linalg.qr(normal)
    return q * np.sign(np.diag(r))


@dataclass(frozen=True)
class QuantisedRows:
    values: np.ndarray  # int8 [n, k]
    norms: np.ndarray  # float32 [n]: clipped norms, in the unit of the rows
    step: float  # what 1 stands for, in the unit of the rows


def quantise_rows(rows: np.ndarray, cap: float | None = None) -> QuantisedRows:
    """Clip norms at `cap` (their median), then one step for all rows: the int32 dot product is the score.

    A common step keeps scores of different rows comparable; the clip, not a unit norm, is what stops
    outliers from being paid for being large.
    """
    norms = np.linalg.norm(rows, axis=1)
    cap = float(np.median(norms)) if cap is None else cap
    factor = np.minimum(1.0, cap / np.maximum(norms, 1e-300))
    clipped = rows * factor[:, None]
    full_scale = _full_scale(rows.shape[1]) * cap
    values = _quantise(clipped, full_scale)
    return QuantisedRows(values, (norms * factor).astype(np.float32), full_scale / LEVELS)


def row_cap(step: float, k: int) -> float:
    """The norm at which rows were clipped, from what 1 stands for in them."""
    return step * LEVELS / _full_scale(k)


def quantise_query(query: np.ndarray) -> np.ndarray:
    """int8 [k] of the query's direction; its length says nothing about who shaped the answer."""
    norm = float(np.linalg.norm(query.astype(np.float64)))
    if norm == 0:
        return np.zeros(len(query), dtype=np.int8)
    return _quantise(query.astype(np.float64) / norm, _full_scale(len(query)))


def query_step(query: np.ndarray) -> float:
    """What 1 stands for in `quantise_query(query)`, in the unit of the query."""
    return float(np.linalg.norm(query.astype(np.float64))) * _full_scale(len(query)) / LEVELS


def _full_scale(k: int) -> float:
    """What 127 stands for in a vector of unit norm and k evenly spread components."""
    return min(1.0, SPREAD / math.sqrt(k))


def _quantise(values: np.ndarray, full_scale: float) -> np.ndarray:
    if full_scale == 0:
        return np.zeros(values.shape, dtype=np.int8)
    scaled = np.rint(values / full_scale * LEVELS)
    return np.clip(scaled, -LEVELS, LEVELS).astype(np.int8)


def scores(rows: np.ndarray, query: np.ndarray) -> np.ndarray:
    """int32 dot products [n, chunks] of int8 rows [n, k] with an int8 query [k], per 4,096 components."""
    chunk = 4_096
    parts = []
    for start in range(0, rows.shape[1], chunk):
        # float32 sums of products of int8 are exact below 2^24, a chunk's may exceed it: use int32.
        left = rows[:, start : start + chunk].astype(np.int32)
        parts.append(left @ query[start : start + chunk].astype(np.int32))
    return np.stack(parts, axis=1).astype(np.int32)


def null_threshold(null_scores: np.ndarray, rows: int) -> int:
    """Score above which an index of `rows` is expected to hold at most 0.5 rows by chance.

    Scores of held-out records against all rows are chance; above their 95th percentile they are taken
    to fall off exponentially. At least 1, so that a score of nothing is never paid.
    """
    wanted = 0.5 / rows
    start = float(np.quantile(null_scores, 0.95))
    excess = null_scores[null_scores > start] - start
    if len(excess) == 0:
        return max(1, math.ceil(start))
    fraction = len(excess) / len(null_scores)
    if wanted >= fraction:
        return max(1, math.ceil(start))
    return max(1, math.ceil(start + float(excess.mean()) * math.log(fraction / wanted)))
