"""An index with the model whose gradients it holds: turns a sequence into a query, and that into scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from openlora.attribution import projection, scan
from openlora.attribution.gradients import Slice, loss_gradients, make_slices
from openlora.attribution.index import AttributionIndex
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair
from openlora.train.examples import Marked


@dataclass(frozen=True)
class IndexReader:
    index: AttributionIndex
    base: BaseModel  # that the release was trained on
    weights: dict[str, LoraPair]  # of the index's checkpoint, fitted to `base`

    @cached_property
    def slices(self) -> list[Slice]:
        return make_slices(self.weights, self.index.tensors)

    def gradients(self, sequences: Sequence[Marked]) -> np.ndarray:
        """Of each sequence's term in the objective, as they are: float32 [sequences, dimensions]."""
        _, found = loss_gradients(self.base, self.weights, self.slices, sequences, self.index.divisor)
        raw: np.ndarray = found.cpu().numpy()
        return raw

    def project(self, sequence: Marked) -> np.ndarray:
        """Its gradient as the rows are: float [k]; not finite where the gradient is not."""
        return self.index.project(self.gradients([sequence])[0])

    def query(self, sequence: Marked) -> np.ndarray:
        """The same as a call asks it: int8 [k]."""
        return projection.quantise_query(self.project(sequence))

    def scores(self, query: np.ndarray) -> np.ndarray:
        """Exact products of an int8 query [k] with all rows: int64 [records]."""
        return scan.totals(scan.scores(self.index.rows, query))
