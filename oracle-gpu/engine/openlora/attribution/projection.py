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

DAMPING = 0.3  # λ as a multiple of the mean eigenvalue of GGᵀ
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
class Clip:
    """How rows are shortened and quantised: norms clipped at their median, then one step for all rows.

    A common step keeps scores of different rows comparable; the clip, not a unit norm, is what stops
    outliers from being paid for being large.
    """

    cap: float  # of a norm, in the unit of the rows
    full_scale: float  # what 127 stands for

    @staticmethod
    def of(norms: np.ndarray, k: int) -> Clip:
        """From the norms [n] of all rows of k components; those of nothing have no say."""
        touched = norms[norms > 0]
        cap = float(np.median(touched)) if len(touched) else 0.0
        return Clip(cap, _full_scale(k) * cap)

    @staticmethod
    def at(step: float, k: int) -> Clip:
        """The clip that an index of that step and k components was built with."""
        full_scale = step * LEVELS
        return Clip(full_scale / _full_scale(k), full_scale)

    @property
    def step(self) -> float:
        """What 1 stands for, in the unit of the rows."""
        return self.full_scale / LEVELS

    def clipped(self, norms: np.ndarray) -> np.ndarray:
        clipped: np.ndarray = np.minimum(norms, self.cap).astype(np.float32)
        return clipped

    def quantise(self, rows: np.ndarray, norms: np.ndarray) -> np.ndarray:
        """int8 [n, k] of rows [n, k] with these norms [n]."""
        factor = np.minimum(1.0, self.cap / np.maximum(norms, 1e-300))
        return _quantise(rows * factor[:, None], self.full_scale)


@dataclass(frozen=True)
class QuantisedRows:
    values: np.ndarray  # int8 [n, k]
    norms: np.ndarray  # float32 [n]: clipped norms, in the unit of the rows
    step: float  # what 1 stands for, in the unit of the rows


def quantise_rows(rows: np.ndarray, clip: Clip | None = None) -> QuantisedRows:
    """As `clip` says; by default as the median of these rows' own norms does."""
    norms = np.linalg.norm(rows, axis=1)
    clip = clip or Clip.of(norms, rows.shape[1])
    return QuantisedRows(clip.quantise(rows, norms), clip.clipped(norms), clip.step)


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
