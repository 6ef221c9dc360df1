"""What a set of texts is about, as a few directions of meaning."""

from __future__ import annotations

import numpy as np

MOST_CENTROIDS = 16  # of one route: 24 KiB at 384 dimensions
ROUNDS = 10  # after which Lloyd's algorithm has settled on some hundred texts


def centroids_of(vectors: np.ndarray, most: int = MOST_CENTROIDS) -> np.ndarray:
    """Unit vectors [at most `most`, dimensions] near which the unit `vectors` [texts, dimensions] lie.

    Spherical k-means, without chance: it begins with the text nearest to all, and each time takes the one
    farthest from those taken.
    """
    vectors = np.unique(vectors.astype(np.float32), axis=0)
    found = _spread(vectors, min(most, len(vectors)))
    for _ in range(ROUNDS):
        nearest = (vectors @ found.T).argmax(axis=1)  # [texts]
        moved = np.stack([_mean(vectors[nearest == place], found[place]) for place in range(len(found))])
        if np.allclose(moved, found, atol=1e-6):
            break
        found = moved
    return found


def _spread(vectors: np.ndarray, count: int) -> np.ndarray:
    chosen = [int((vectors @ vectors.sum(axis=0)).argmax())]
    near = vectors @ vectors[chosen[0]]  # [texts] cosine with the nearest chosen one
    while len(chosen) < count:
        chosen.append(int(near.argmin()))
        near = np.maximum(near, vectors @ vectors[chosen[-1]])
    return vectors[chosen]


def _mean(members: np.ndarray, before: np.ndarray) -> np.ndarray:
    total = members.sum(axis=0) if len(members) > 0 else before
    length = float(np.linalg.norm(total))
    return total / length if length > 0 else before
