"""Steps in which every request has one new token, recorded ahead for a few numbers of rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from openlora.models.base import BaseModel
from openlora.ops.attention import PagedCache, paged
from openlora.ops.operators import Buffers, Recorder, Row, Shape
from openlora.ops.segments import Pool

log = logging.getLogger(__name__)
MOST_RANKS = 256  # of one adapter in a recorded step; a step with more is computed as it comes


@dataclass(frozen=True)
class _Step:
    buffers: Buffers
    run: Callable[[], Tensor]  # → logits [rows, vocabulary]


class DecodeSteps:
    """At 32 answers a step of an 8B model takes the device milliseconds, and Python longer to launch: what is
    the same in every such step is recorded, and its numbers are put where the recording reads them."""

    def __init__(self, base: BaseModel, recorder: Recorder, most_rows: int, blocks: int) -> None:
        """`blocks`: the most of one request."""
        self._base = base
        self._recorder = recorder
        self._sizes = sizes(most_rows)
        self._blocks = blocks
        self._steps: dict[int, _Step] = {}

    @torch.no_grad()
    def record(self, cache: PagedCache, pools: Mapping[str, Pool]) -> None:
        """The largest first, so that the others find its memory. What cannot be recorded is left out."""
        for rows in reversed(self._sizes):
            buffers = self._recorder.buffers(Shape(rows, self._blocks, MOST_RANKS), cache, pools)
            try:
                self._steps[rows] = _Step(buffers, self._recorder.record(partial(self._compute, buffers)))
            except RuntimeError as error:
                log.warning(
                    "a step of %d rows cannot be recorded, and is computed as it comes: %s", rows, error
                )
                self._steps.clear()
                return

    def fits(self, rows: Sequence[Row]) -> bool:
        """Whether a recorded step has room for these."""
        return len(rows) <= max(self._steps, default=0) and all(
            len(row.blocks) <= self._blocks and row.ranks.stop - row.ranks.start <= MOST_RANKS for row in rows
        )

    @torch.no_grad()
    def run(self, rows: Sequence[Row]) -> Tensor:
        """Logits [rows, vocabulary], overwritten by the next step."""
        step = self._steps[min(size for size in self._steps if size >= len(rows))]
        step.buffers.fill(rows)
        return step.run()[: len(rows)]

    def _compute(self, buffers: Buffers) -> Tensor:
        with paged(self._base), self._base.switch.use_by_token(buffers.adapters):
            hidden = self._base.body(
                input_ids=buffers.ids,
                position_ids=buffers.positions,
                use_cache=False,
                paged=buffers.attention,
            ).last_hidden_state[0]
        return self._base.logits(hidden)


def sizes(most: int) -> list[int]:
    """Numbers of rows that are recorded: 1, 2, 4, then multiples of 8, at most a quarter of them unused."""
    return sorted({min(size, most) for size in (1, 2, 4, *range(8, most + 8, 8))})
