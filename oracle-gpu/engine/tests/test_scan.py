"""Scores are exact integers on every processor, whatever the shape of the rows and the number of threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numkong
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from openlora.attribution import scan
from openlora.attribution.index import Leaf
from openlora.attribution.query import rank

EXTREMES = np.array([-128, -127, 127], np.int8)


def reference(rows: np.ndarray, query: np.ndarray) -> list[list[int]]:
    """One product after another, in Python's integers."""
    return [
        [
            sum(int(a) * int(b) for a, b in zip(row[at : at + 4_096], query[at : at + 4_096], strict=True))
            for at in range(0, len(query), 4_096)
        ]
        for row in rows
    ]


@pytest.mark.parametrize("k", [1, 7, 64, 4_096, 5_000, 8_192, 8_193])
def test_scores_equal_a_scalar_reference_at_the_extremes(k: int) -> None:
    generator = np.random.default_rng(k)
    rows = generator.choice(EXTREMES, (6, k))
    query = generator.choice(EXTREMES, k)
    rows[0] = query = np.where(query == -128, np.int8(-127), query)  # the largest sum there is
    rows[1] = -query
    found = scan.scores(rows, query)
    assert found.dtype == np.int32
    assert found.tolist() == reference(rows, query)
    assert int(scan.totals(found)[0]) == k * 127 * 127


WITHOUT = """
import numkong, sys
for name in sys.argv[1:]:
    numkong.disable_capability(name)
import numpy as np
from openlora.attribution import scan
generator = np.random.default_rng(0)
rows = generator.choice(np.array([-127, 127], np.int8), (40, 5_000))
rows[0] = generator.choice(np.array([-127, 127], np.int8), 5_000)
print(scan.scores(rows, rows[0]).tolist() == scan.scores(rows, rows[0], 3).tolist())
wide = rows[:, :4096].astype(np.int64)
print((scan.scores(rows, rows[0])[:, 0] == wide @ wide[0]).all())
"""
ABOVE_HASWELL = [
    name
    for name in ("sapphireamx", "graniteamx", "sapphire", "turin", "genoa", "icelake", "skylake", "sierra")
    if numkong.get_capabilities().get(name)
]


@pytest.mark.parametrize("removed", [[], ABOVE_HASWELL, [*ABOVE_HASWELL, "alder", "haswell"]])
def test_processors_with_and_without_vnni_agree(removed: list[str]) -> None:
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-c", WITHOUT, *removed]
    ran = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["True", "True"]


def test_threads_and_memory_maps_change_nothing(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).integers(-127, 128, (3_001, 4_200), dtype=np.int8)
    query = rows[17]
    rows.tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.int8, "r", shape=rows.shape)
    one = scan.scores(rows, query, 1)
    for threads in (2, 3, 7):
        np.testing.assert_array_equal(scan.scores(mapped, query, threads), one)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize(("count", "k"), [(1, 1), (40, 4_096), (1_000, 8_197)])
def test_cuda_agrees(count: int, k: int) -> None:
    generator = np.random.default_rng(2)
    rows, query = generator.choice(EXTREMES, (count, k)), generator.choice(EXTREMES, k)
    found = scan.scores(torch.from_numpy(rows).cuda(), query)
    np.testing.assert_array_equal(found, scan.scores(rows, query))


def test_what_does_not_fit_is_refused() -> None:
    rows = np.zeros((3, 8), np.int8)
    for query in (np.zeros(7, np.int8), np.zeros(8, np.int16)):
        with pytest.raises(ValueError, match="a query of 8 int8"):
            scan.scores(rows, query)
    with pytest.raises(ValueError, match="rows are int8"):
        scan.scores(rows.astype(np.int16), np.zeros(8, np.int8))
    assert scan.scores(np.zeros((0, 8), np.int8), np.zeros(8, np.int8)).shape == (0, 1)


shapes = st.tuples(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32 - 1))


def draw(shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    count, k, seed = shape
    generator = np.random.default_rng(seed)
    return generator.integers(-127, 128, (count, k), np.int8), generator.integers(-127, 128, k, np.int8)


def leaves(count: int) -> list[Leaf]:
    return [Leaf(i, f"{i:02}", f"c{i % 5}", "0x") for i in range(count)]


@given(shapes)
@settings(deadline=None)
def test_scores_add_up(shape: tuple[int, int, int]) -> None:
    """A query that is the sum of two has the sum of their scores: nothing is won by splitting a query."""
    rows, query = draw(shape)
    first = query // 2
    second = query - first
    parts = scan.scores(rows, first) + scan.scores(rows, second)
    np.testing.assert_array_equal(scan.scores(rows, query), parts)


@given(shapes)
@settings(deadline=None)
def test_equal_rows_score_equally_wherever_they_stand(shape: tuple[int, int, int]) -> None:
    rows, query = draw(shape)
    order = np.random.default_rng(shape[2]).permutation(len(rows))
    found = scan.scores(rows, query)
    np.testing.assert_array_equal(scan.scores(rows[order], query), found[order])
    np.testing.assert_array_equal(scan.scores(np.repeat(rows, 2, axis=0), query)[::2], found)


@given(shapes, st.integers(-5_000, 5_000))
@settings(deadline=None)
def test_a_row_of_nothing_is_never_listed_and_changes_nothing(
    shape: tuple[int, int, int], threshold: int
) -> None:
    rows, query = draw(shape)
    with_nothing = np.concatenate([rows, np.zeros((1, rows.shape[1]), np.int8)])
    threshold = max(1, threshold)  # as every threshold is
    found = rank(leaves(len(rows)), scan.scores(rows, query), threshold, 32)
    extended = rank(leaves(len(with_nothing)), scan.scores(with_nothing, query), threshold, 32)
    assert extended == found
    assert len({record["cluster"] for record in found}) == len(found)
    assert all(record["score"] == sum(record["partials"]) > threshold for record in found)
