"""What records that are not in a release would score on answers that it gave: nothing is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

import numpy as np

from openlora.attribution import scan
from openlora.attribution.gradient_file import BATCH
from openlora.attribution.newcomers import nearest
from openlora.attribution.query import Attributor
from openlora.errors import EngineError
from openlora.train.rows import make_examples


class Runner(Protocol):
    """Runs a task on the engine's thread, between two steps of decoding."""

    def run(self, task: Callable[[], np.ndarray]) -> Future[np.ndarray]: ...


def preview(
    runner: Runner,
    attributor: Attributor,
    tokenizer: Any,
    context_length: int,
    adapter: str,
    records: Sequence[Mapping[str, Any]],
    queries: Sequence[str],
) -> dict[str, Any]:
    """int32 scores [queries, records] of `records` against the stored int8 `queries` (hex), and neighbours.

    A batch of records at a time on the engine's thread: answers that are being written go on between them.
    EngineError 400 names a record that cannot be trained on, or a query of another length.
    """
    index = attributor.index(adapter)
    asked = read_queries(queries, index.k)
    examples = make_examples(tokenizer, records, min(index.max_length or context_length, context_length))
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].tokens))
    rows = np.zeros((len(examples), index.k), np.int8)
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        batch = [examples[i] for i in places]
        rows[places] = runner.run(partial(attributor.place, adapter, batch)).result()
    scores = [scan.totals(scan.scores(rows, query)).tolist() for query in asked]
    return {
        "nullThreshold": index.null_threshold,
        "k": index.k,
        "scores": scores,
        "nearest": [
            {
                "position": found.position,
                "recordId": index.leaves[found.position].record_id,
                "cluster": index.leaves[found.position].cluster,
                "cosine": round(found.cosine, 6),
            }
            for found in nearest(index.rows, rows)
        ],
    }


def read_queries(queries: Sequence[str], k: int) -> list[np.ndarray]:
    """int8 vectors [k] from hex."""
    found = []
    for number, text in enumerate(queries):
        try:
            raw = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raw = b""
        if len(raw) != k:
            message = f"Query {number} is not {k} components in hex: send queries of this release's answers."
            raise EngineError(400, "invalid_request", message, field="queries")
        found.append(np.frombuffer(raw, np.int8))
    return found
