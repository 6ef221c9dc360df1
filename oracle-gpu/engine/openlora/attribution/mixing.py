"""A seeded orthogonal mixing of long vectors, made without a matrix.

Random signs, then a Walsh–Hadamard transform (Ailon and Chazelle, "The fast Johnson–Lindenstrauss
transform"). It spreads every vector evenly over its components, so that int8 costs little; where not all of
them are kept, inner products stay right on average.
"""

from __future__ import annotations

import functools
import math

import numpy as np


def mixed_size(dimensions: int, most: int) -> int:
    """Components that vectors of `dimensions` are mixed into: the next power of two, at most `most`."""
    return min(_padded(dimensions), most)


def mix(vectors: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Float32 [n, dimensions] → [n, k]. Lossless when k is `mixed_size` without a limit."""
    count, dimensions = vectors.shape
    size = _padded(dimensions)
    left, right = _hadamard(1 << (size.bit_length() // 2)), _hadamard(size >> (size.bit_length() // 2))
    signs, kept = _drawn(dimensions, k, seed)
    padded = np.zeros((count, size), np.float32)
    padded[:, :dimensions] = vectors * signs
    # The transform of size a·b is that of size a on one axis and of size b on the other.
    grid = left @ padded.reshape(count, len(left), len(right)) @ right
    mixed: np.ndarray = grid.reshape(count, size)[:, kept] / np.float32(math.sqrt(k))
    return mixed


def _padded(dimensions: int) -> int:
    return 1 << max(1, (dimensions - 1).bit_length())


@functools.lru_cache(maxsize=16)
def _drawn(dimensions: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Signs [dimensions] and the k kept components, in order."""
    generator = np.random.default_rng(seed)
    signs = generator.choice(np.array([-1, 1], np.float32), dimensions)
    kept = np.sort(generator.permutation(_padded(dimensions))[:k])
    return signs, kept


@functools.lru_cache(maxsize=16)
def _hadamard(size: int) -> np.ndarray:
    """±1 [size, size], its rows orthogonal; size is a power of two."""
    made = np.ones((1, 1), np.float32)
    while len(made) < size:
        made = np.block([[made, made], [made, -made]])
    return made
