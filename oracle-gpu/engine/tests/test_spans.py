"""Spans are maximal, rare, of the first record of each cluster, and never what the caller brought along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from openlora.attribution import spans
from openlora.attribution.suffix_array import SUFFIXES, TOKENS, DamagedSuffixes, SuffixArray, build_suffixes

VOCABULARY = 10_000
CONTROL = VOCABULARY - 1


@dataclass(frozen=True)
class Row:
    position: int
    record_id: str
    cluster: str


def noise(seed: int, length: int) -> list[int]:
    return [int(x) for x in np.random.default_rng(seed).integers(0, CONTROL, length)]


def open_index(folder: Path, records: Sequence[Sequence[int]], clusters: str = "") -> spans.SpanIndex:
    """The records, and one long one that makes every token rare."""
    spans.build_spans(folder, [*records, noise(1_000_000, 20_000)], VOCABULARY)
    rows = [Row(i, f"r{i}", clusters[i] if clusters else f"c{i}") for i in range(len(records))]
    return spans.SpanIndex(folder, [*rows, Row(len(records), "long", "long")], VOCABULARY, {CONTROL})


def source(position: int, cluster: str, offset: int) -> dict[str, object]:
    return {"position": position, "recordId": f"r{position}", "cluster": cluster, "offset": offset}


@pytest.mark.parametrize("vocabulary", [50, 70_000])
def test_every_match_is_found_where_a_plain_search_finds_it(tmp_path: Path, vocabulary: int) -> None:
    generator = np.random.default_rng(3)
    records = [[int(x) for x in generator.integers(0, vocabulary, n)] for n in (0, 1, 30, 200, 7)]
    records += [records[3][50:90] * 2, [vocabulary - 1] * 20]
    build_suffixes(tmp_path, records, vocabulary)
    suffixes = SuffixArray(tmp_path)
    assert suffixes.size == sum(len(record) for record in records)
    assert suffixes.counts(vocabulary).sum() == suffixes.size
    for wanted in (records[3][60:70], records[3][-2:], [vocabulary - 1], records[4], records[2] + records[3]):
        expected = [
            (i, at)
            for i, record in enumerate(records)
            for at in range(len(record))
            if record[at : at + len(wanted)] == wanted
        ]
        found = suffixes.occurrences(suffixes.encode(wanted))
        assert [(int(i), int(at)) for i, at in zip(*suffixes.places(found), strict=True)] == expected
        longest = max(n for n in range(len(wanted) + 1) if any(is_in(wanted[:n], x) for x in records))
        assert suffixes.longest(suffixes.encode(wanted)) == longest


def is_in(wanted: Sequence[int], record: Sequence[int]) -> bool:
    return any(record[at : at + len(wanted)] == wanted for at in range(len(record) + 1))


def test_a_span_is_as_long_as_can_be_and_names_where_it_stands(tmp_path: Path) -> None:
    records = [noise(1, 60), noise(2, 80), noise(3, 40)]
    index = open_index(tmp_path, records)
    answer = noise(4, 5) + records[1][20:45] + noise(5, 6) + records[2][:12] + noise(6, 3)
    assert index.find([], answer) == [
        {"start": 5, "length": 25, "sources": [source(1, "c1", 20)]},
        {"start": 36, "length": 12, "sources": [source(2, "c2", 0)]},
    ]


def test_no_span_crosses_from_one_record_to_the_next(tmp_path: Path) -> None:
    records = [noise(1, 20), noise(2, 20)]
    index = open_index(tmp_path, records)
    answer = records[0][-6:] + records[1][:6]
    assert index.find([], answer) == []
    assert [x["length"] for x in index.find([], records[0] + records[1])] == [20, 20]


def test_each_cluster_is_named_once_by_its_first_record(tmp_path: Path) -> None:
    shared = noise(9, 20)
    records = [[*noise(i, i), *shared] for i in range(6)]
    index = open_index(tmp_path, records, "abcbca")
    found = index.find([], shared)
    assert found == [
        {"start": 0, "length": 20, "sources": [source(0, "a", 0), source(1, "b", 1), source(2, "c", 2)]}
    ]


def test_what_many_clusters_contain_belongs_to_nobody(tmp_path: Path) -> None:
    shared = noise(9, 20)
    most = [[*noise(i, 5), *shared] for i in range(spans.MOST_CLUSTERS)]
    assert len(open_index(tmp_path / "most", most).find([], shared)) == 1
    more = [*most, [*noise(99, 5), *shared]]
    assert open_index(tmp_path / "more", more).find([], shared) == []


def test_short_and_common_tokens_are_no_span(tmp_path: Path) -> None:
    common = [1, 2, 3, 4] * 5
    index = open_index(tmp_path, [noise(1, 50), [7, *common, 8], [1, 2, 3, 4] * 20_000])
    assert index.find([], noise(1, 50)[: spans.MIN_TOKENS - 1]) == []
    assert index.find([], [7, *common[:12]]) == []


def test_no_span_contains_a_control_token(tmp_path: Path) -> None:
    record = [*noise(1, 20), CONTROL, *noise(2, 15)]
    index = open_index(tmp_path, [record])
    assert index.find([], record) == [
        {"start": 0, "length": 20, "sources": [source(0, "c0", 0)]},
        {"start": 21, "length": 15, "sources": [source(0, "c0", 21)]},
    ]


def test_what_the_question_contains_is_not_the_records_doing(tmp_path: Path) -> None:
    record = noise(1, 60)
    index = open_index(tmp_path, [record, noise(2, 60)])
    assert index.find([5, *record[10:40], 6], record[10:40]) == []
    assert len(index.find([5, *record[10:38], 6], record[10:40])) == 1


def test_of_overlapping_spans_the_longer_counts_and_at_most_eight(tmp_path: Path) -> None:
    records = [noise(i, 40) for i in range(12)]
    records[1] = [*records[0][10:22], *records[1]]
    index = open_index(tmp_path, records)
    # The end of record 0's part begins record 1's, which goes on for longer.
    answer = records[0][:22] + records[1][12:40]
    found = index.find([], answer)
    assert [(x["start"], x["length"]) for x in found] == [(10, 40)]
    many = [token for record in records for token in record[-15 - records.index(record) :]]
    lengths = [x["length"] for x in index.find([], many)]
    assert len(lengths) == spans.MOST_SPANS
    assert min(lengths) >= 19


def test_every_span_is_provable_token_by_token(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    records = [noise(i, 50) for i in range(30)]
    index = open_index(tmp_path, records)
    for _ in range(40):
        answer = [
            token
            for _ in range(4)
            for token in (records[generator.integers(30)][generator.integers(30) :])[
                : generator.integers(4, 25)
            ]
        ]
        end = 0
        for span in index.find([], answer):
            assert span["start"] >= end
            end = span["start"] + span["length"]
            assert end <= len(answer)
            for item in span["sources"]:
                record = records[item["position"]]
                assert answer[span["start"] : end] == record[item["offset"] : item["offset"] + span["length"]]


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    open_index(tmp_path, [noise(1, 50)])
    path = tmp_path / SUFFIXES
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(DamagedSuffixes, match=r"suffixes\.bin is not the one"):
        SuffixArray(tmp_path)
    with pytest.raises(DamagedSuffixes):
        SuffixArray(tmp_path / "absent")


def test_what_can_be_sorted_again_is_and_what_is_lost_is_said(tmp_path: Path) -> None:
    record = noise(1, 50)
    index = open_index(tmp_path, [record])
    rows = [Row(0, "r0", "c0"), Row(1, "long", "long")]
    expected = index.find([], record)
    for damage in ("cut", "absent"):
        path = tmp_path / SUFFIXES
        path.unlink() if damage == "absent" else path.write_bytes(path.read_bytes()[:-4])
        repaired = spans.open_spans(tmp_path, rows, VOCABULARY, {CONTROL})
        assert repaired is not None
        assert repaired.find([], record) == expected
    (tmp_path / TOKENS).write_bytes((tmp_path / TOKENS).read_bytes()[:-2])
    (tmp_path / SUFFIXES).unlink()
    assert spans.open_spans(tmp_path, rows, VOCABULARY, {CONTROL}) is None
