"""Which records shaped one answer: a backward pass, a projection, one integer matrix–vector product."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.attribution import projection, scan
from openlora.attribution.gradient_file import bad_gradient
from openlora.attribution.index import INDEX, AttributionIndex, Leaf
from openlora.attribution.newcomers import RecordMaps
from openlora.attribution.reader import IndexReader
from openlora.attribution.segments import segment_queries, segment_scores
from openlora.attribution.spans import FOLDER as SPANS
from openlora.attribution.spans import SpanIndex, open_spans
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.lora import fit
from openlora.train.examples import Example, bad_record
from openlora.verify import hashing

OPEN_INDEXES = 8  # kept open at once; each holds its checkpoint's weights


@dataclass(frozen=True)
class _Opened:
    reader: IndexReader
    spans: SpanIndex | None

    @property
    def index(self) -> AttributionIndex:
        return self.reader.index

    @cached_property
    def maps(self) -> RecordMaps:
        """For records that are not in the index; only previews need them."""
        return RecordMaps(self.index, self.reader.slices)


@dataclass(frozen=True)
class _Answered:
    """Prompt and answer, of which the answer counts."""

    tokens: list[int]
    trained: list[bool]


class Attributor:
    """Answers queries on the engine's thread with a float32 copy of the base that nothing repacks.

    Whatever the serving base keeps its weights in: rows and query of a release are gradients at the weights
    that it was trained on, so they agree.
    """

    def __init__(
        self,
        load_whole: Callable[[], BaseModel],
        store: AdapterStore,
        control: Container[int],
        load_quantised: Callable[[], BaseModel] | None = None,
    ) -> None:
        """`control`: tokens that structure a conversation, of which no span is made.

        Bases are loaded when a query first needs them: the whole one, and by `load_quantised` the one with
        four-bit weights, for releases that were trained on those.
        """
        self._load_whole = load_whole
        self._load_quantised = load_quantised
        self._bases: dict[bool, BaseModel] = {}  # by whether the weights are those of four bits
        self._loading = threading.Lock()
        self._store = store
        self._control = control
        self._opened: OrderedDict[str, _Opened] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Memory of the bases that are loaded."""
        return sum(base.bytes for base in list(self._bases.values()))

    def warm(self) -> None:
        """Load the whole base if it is not there: on any thread, so that the engine's need not wait."""
        self._trained_on(False)

    def require_index(self, adapter: str) -> Path:
        """Folder of the adapter; EngineError 404 or 409 where a query cannot be answered."""
        folder = self._store.folder(adapter)
        if not (folder / "index" / INDEX).exists():
            raise EngineError(
                409, "no_index", f"Adapter {adapter} has no attribution index: it was not trained here."
            )
        return folder

    def attribute(
        self,
        adapter: str,
        prompt: Sequence[int],
        answer: Sequence[int],
        top: int,
        excluded: Container[str] = (),
    ) -> dict[str, Any]:
        """Records that shaped `answer` (token ids) after `prompt`, best first, one per cluster.

        And the spans of it that stand word for word in records; None where the records' tokens are lost.
        Records whose id is `excluded` are listed nowhere.
        """
        opened = self._open(adapter)
        query = projection.quantise_query(self.project(adapter, prompt, answer, 0, len(answer)))
        partials = scan.scores(opened.index.rows, query)
        records = rank(opened.index.leaves, partials, opened.index.null_threshold, top, excluded)
        return {
            "queryRoot": hashing.to_hex(hashing.query_root(query)),
            "query": hashing.to_hex(query.tobytes()),
            "nullThreshold": opened.index.null_threshold,
            "k": opened.index.k,
            "fidelity": "provisional",
            "records": records,
            "spans": None if opened.spans is None else opened.spans.find(prompt, answer, excluded),
        }

    def project(
        self, adapter: str, prompt: Sequence[int], answer: Sequence[int], start: int, end: int
    ) -> np.ndarray:
        """Projected gradient [k] of the tokens `start` to `end` of the answer, read after all before them."""
        opened = self._open(adapter)
        counts = [start <= index < end for index in range(len(answer))]
        asked = _Answered([*prompt, *answer], [False] * len(prompt) + counts)
        raw = opened.reader.gradients([asked])[0]
        if not np.isfinite(raw).all():
            raise bad_gradient("of this answer")
        return opened.index.project(raw)

    def divide(self, adapter: str, found: dict[str, Any], parts: Sequence[np.ndarray]) -> list[list[int]]:
        """Scores [segments][records] of what `attribute` found; the segments' sum to each record's score."""
        rows = self._open(adapter).index.rows[[record["position"] for record in found["records"]]]
        query = np.frombuffer(bytes.fromhex(found["query"].removeprefix("0x")), np.int8)
        return segment_scores(rows, segment_queries(parts, query))

    def index(self, adapter: str) -> AttributionIndex:
        """The adapter's index; EngineError 404 or 409 without one, or without one that places new records."""
        opened = self._open(adapter)
        _ = opened.maps
        return opened.index

    def place(self, adapter: str, examples: Sequence[Example]) -> np.ndarray:
        """int8 rows [examples, k] that records which were never trained on would have in the index."""
        opened = self._open(adapter)
        found = opened.reader.gradients(examples)
        for example, gradient in zip(examples, found, strict=True):
            if not np.isfinite(gradient).all():
                raise bad_record(example.record_id, "its gradient is not a number")
        return opened.maps.rows(found)

    def _open(self, adapter: str) -> _Opened:
        with self._lock:
            if adapter not in self._opened:
                folder = self.require_index(adapter)
                index = AttributionIndex(folder / "index")
                checkpoint = read_adapter(folder / "checkpoint", index.checkpoint)
                base = self._trained_on(checkpoint.quantised)
                weights = fit(checkpoint.weights, base.switch, base.dtype, base.device)
                vocabulary = base.model.config.vocab_size
                spans = open_spans(folder / SPANS, index.leaves, vocabulary, self._control)
                self._opened[adapter] = _Opened(IndexReader(index, base, weights), spans)
            self._opened.move_to_end(adapter)
            while len(self._opened) > OPEN_INDEXES:
                self._opened.popitem(last=False)
            return self._opened[adapter]

    def _trained_on(self, quantised: bool) -> BaseModel:
        """Float32 weights, with eager attention."""
        with self._loading:
            if quantised not in self._bases:
                load = self._load_quantised if quantised else self._load_whole
                if load is None:
                    message = "This release was trained on a base in four bits, which is not loaded here."
                    raise EngineError(409, "no_quantised_base", message)
                self._bases[quantised] = load()
            return self._bases[quantised]


def rank(
    leaves: Sequence[Leaf], partials: np.ndarray, threshold: int, top: int, excluded: Container[str] = ()
) -> list[dict[str, Any]]:
    """The best rows above the threshold, one per cluster, by falling score and rising recordId.

    All rows have been scored in full, so none that is better than the last one listed can be missing.
    """
    totals = scan.totals(partials)
    places = np.flatnonzero(totals > threshold).tolist()
    above = [leaf for place in places if (leaf := leaves[place]).record_id not in excluded]
    above.sort(key=lambda leaf: (-int(totals[leaf.position]), leaf.record_id))
    records: list[dict[str, Any]] = []
    seen: set[str] = set()
    for leaf in above:
        if leaf.cluster in seen:
            continue
        seen.add(leaf.cluster)
        records.append(
            {
                "position": leaf.position,
                "recordId": leaf.record_id,
                "cluster": leaf.cluster,
                "score": int(totals[leaf.position]),
                "partials": [int(part) for part in partials[leaf.position]],
                "rowRoot": leaf.row_root,
            }
        )
        if len(records) == top:
            break
    return records
