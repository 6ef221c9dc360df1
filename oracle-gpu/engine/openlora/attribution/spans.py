"""Parts of an answer that stand word for word in the records: maximal, rare, and each with its sources."""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from openlora.attribution.suffix_array import (
    DamagedSuffixes,
    Occurrences,
    SuffixArray,
    build_suffixes,
    repair_suffixes,
)

log = logging.getLogger("openlora")
FOLDER = "spans"
MIN_TOKENS = 8  # shorter ones are how a language is spoken, not what somebody wrote
MOST_CLUSTERS = 8  # what more than these contain belongs to nobody; also what evidence can list
MOST_SPANS = 8  # what evidence can list
MOST_OCCURRENCES = 4_096  # more are not looked through: a phrase that common is not rare
# Nats by which a span must be less probable than one that chance would put somewhere in the corpus, its
# tokens taken one by one. Words come in phrases, hence so many: chosen on records that were never trained
# on, of which at most one in fifty may have a span in the others (bench/spans.py).
MIN_SURPRISE = 80.0


class Row(Protocol):
    """What is known of a record: rows come in the order of the index."""

    @property
    def position(self) -> int: ...

    @property
    def record_id(self) -> str: ...

    @property
    def cluster(self) -> str: ...


@dataclass(frozen=True)
class _Candidate:
    start: int
    length: int
    sources: list[dict[str, Any]]


def build_spans(folder: Path, records: Sequence[Sequence[int]], vocabulary: int) -> None:
    """Write the suffix array of all records' tokens, in the order of the index."""
    build_suffixes(folder, records, vocabulary)


def open_spans(
    folder: Path, rows: Sequence[Row], vocabulary: int, control: Container[int]
) -> SpanIndex | None:
    """The index of a release, sorted again if only that is damaged; None where its tokens are lost."""
    try:
        return SpanIndex(folder, rows, vocabulary, control)
    except DamagedSuffixes as first:
        try:
            repair_suffixes(folder)
            log.warning("sorted the tokens in %s again: %s", folder, first)
            return SpanIndex(folder, rows, vocabulary, control)
        except DamagedSuffixes as error:
            log.error("answers have no verbatim spans, train the release again: %s: %s", folder, error)
            return None


class SpanIndex:
    """The records' tokens opened for queries; DamagedSuffixes where the files are not what was built."""

    def __init__(
        self, folder: Path, rows: Sequence[Row], vocabulary: int, control: Container[int] = ()
    ) -> None:
        """`control`: tokens that structure a conversation; no span contains one."""
        self._suffixes = SuffixArray(folder)
        self._rows = rows
        self._control = control
        counts = self._suffixes.counts(vocabulary)
        total = max(1, self._suffixes.size)
        # Nats; a token that never occurs counts as if it had once.
        self._surprise = np.log(total) - np.log(np.maximum(counts, 1))
        self._needed = float(np.log(total)) + MIN_SURPRISE

    def find(
        self, prompt: Sequence[int], answer: Sequence[int], excluded: Container[str] = ()
    ) -> list[dict[str, Any]]:
        """Spans of `answer` (token ids) as evidence lists them: by rising start, not overlapping.

        Nothing that stands in the prompt as well: whoever asked brought it along. Nothing that stands only
        in records whose id is `excluded`.
        """
        told = self._suffixes.encode(prompt)
        candidates = [
            found
            for start, length in self._maximal(answer)
            if (found := self._candidate(answer, start, length, told, excluded)) is not None
        ]
        candidates.sort(key=lambda span: (-span.length, span.start))
        chosen: list[_Candidate] = []
        for span in candidates:
            if all(span.start + span.length <= x.start or x.start + x.length <= span.start for x in chosen):
                chosen.append(span)
        chosen = sorted(chosen[:MOST_SPANS], key=lambda span: span.start)
        return [{"start": x.start, "length": x.length, "sources": x.sources} for x in chosen]

    def _maximal(self, answer: Sequence[int]) -> list[tuple[int, int]]:
        """Start and length of every match that can be made longer at neither end."""
        encoded = self._suffixes.encode(answer)
        width = self._suffixes.width
        found: list[tuple[int, int]] = []
        end = 0  # of the match that began before
        stop = len(answer)  # of what can be said from `start` on: the next control token
        stops = [0] * len(answer)
        for start in reversed(range(len(answer))):
            stops[start] = stop = start if answer[start] in self._control else stop
        for start, stop in enumerate(stops):
            length = self._suffixes.longest(encoded[start * width : stop * width])
            if length >= MIN_TOKENS and start + length > end:
                found.append((start, length))
            end = max(end, start + length)
        return found

    def _candidate(
        self, answer: Sequence[int], start: int, length: int, told: bytes, excluded: Container[str]
    ) -> _Candidate | None:
        tokens = answer[start : start + length]
        if float(self._surprise[list(tokens)].sum()) < self._needed:
            return None
        wanted = self._suffixes.encode(tokens)
        if _contains(told, wanted, self._suffixes.width):
            return None
        sources = self._sources(self._suffixes.occurrences(wanted), excluded)
        return _Candidate(start, length, sources) if sources else None

    def _sources(self, found: Occurrences, excluded: Container[str]) -> list[dict[str, Any]] | None:
        """The first record of each cluster that contains it; None where it is too common."""
        if len(found) > MOST_OCCURRENCES:
            return None
        first: dict[str, dict[str, Any]] = {}
        for sequence, offset in zip(*self._suffixes.places(found), strict=True):
            row = self._rows[int(sequence)]
            if row.record_id in excluded:
                continue
            source = {"position": row.position, "recordId": row.record_id, "cluster": row.cluster}
            first.setdefault(row.cluster, {**source, "offset": int(offset)})
        return list(first.values()) if len(first) <= MOST_CLUSTERS else None


def _contains(text: bytes, wanted: bytes, width: int) -> bool:
    """Whether `wanted` stands in `text` at a token's place."""
    at = text.find(wanted)
    while at >= 0 and at % width:
        at = text.find(wanted, at + 1)
    return at >= 0
