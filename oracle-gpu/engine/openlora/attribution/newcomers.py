"""Where records that were never trained on would stand among the rows of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openlora.attribution import projection
from openlora.attribution.gradients import Slice
from openlora.attribution.index import PROJECTION, RECORD_MAPS, AttributionIndex
from openlora.errors import EngineError
from openlora.verify import hashing


class RecordMaps:
    """The maps of an index, opened once; what of a record lies outside the span of the rows is lost."""

    def __init__(self, index: AttributionIndex, slices: Sequence[Slice]) -> None:
        """EngineError 409 where the index was built without them, or they are not what was built."""
        file = index.folder / RECORD_MAPS
        size = 4 * len(slices) * index.k * index.k
        sound = file.exists() and file.stat().st_size == size and index.record_maps_hash is not None
        if not sound or hashing.to_hex(hashing.sha256_file(file)) != index.record_maps_hash:
            raise EngineError(
                409,
                "no_record_maps",
                "The index of this release cannot place new records: it is older than that, or damaged."
                " Train the release again.",
            )
        self._index = index
        self._slices = slices
        shape = (index.k, slices[-1].end)
        self._matrix = np.memmap(index.folder / PROJECTION, np.float32, "r", shape=shape)
        self._maps = np.memmap(file, np.float32, "r", shape=(len(slices), index.k, index.k))

    def rows(self, gradients: np.ndarray) -> np.ndarray:
        """int8 rows [records, k] of raw gradients [records, dimensions], clipped as the index's are."""
        placed = np.zeros((len(gradients), self._index.k))
        for piece, part in zip(self._slices, self._maps, strict=True):
            seen = gradients[:, piece.start : piece.end] @ self._matrix[:, piece.start : piece.end].T
            placed += seen.astype(np.float64) @ part.T
        clip = projection.Clip.at(self._index.step, self._index.k)
        return projection.quantise_rows(placed, clip).values


@dataclass(frozen=True)
class Nearest:
    position: int
    cosine: float


def nearest(rows: np.ndarray, newcomers: np.ndarray) -> list[Nearest]:
    """Of each of `newcomers` [m, k] the row of `rows` [n, k] that points most nearly the same way."""
    cosines = unit(newcomers) @ unit(rows).T
    places = cosines.argmax(axis=1)
    return [Nearest(int(at), float(cosines[i, at])) for i, at in enumerate(places)]


def unit(rows: np.ndarray) -> np.ndarray:
    """float32 rows of norm 1; a row of zeros stays one."""
    values = rows.astype(np.float32)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(norms == 0, 1, norms)
