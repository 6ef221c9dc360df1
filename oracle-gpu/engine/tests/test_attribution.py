"""Scores are exact integers, comparable between rows, and the same in every process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from openlora.attribution import projection, scan
from openlora.attribution.gradients import Slice
from openlora.attribution.index import Leaf
from openlora.attribution.query import rank
from openlora.verify import hashing

from .conftest import Engine, Json


def make_gradients() -> tuple[np.ndarray, list[Slice]]:
    generator = np.random.default_rng(1)
    gradients = generator.standard_normal((12, 70)).astype(np.float32)
    gradients[:, :40] *= 5  # tensors of different size and scale
    return gradients, [Slice("a", "B", 0, 40), Slice("b", "B", 40, 70)]


def test_the_projection_is_lossless_against_gauss_newton_in_full_space() -> None:
    gradients, slices = make_gradients()
    made = projection.project(gradients, slices, 3, np.empty_like(gradients))
    query = np.random.default_rng(2).standard_normal(70)
    expected = np.zeros(12)
    for piece in slices:
        block = gradients[:, piece.start : piece.end].astype(np.float64)
        mean = np.linalg.eigvalsh(block @ block.T).mean()
        matrix = block.T @ block + projection.DAMPING * mean * np.eye(block.shape[1])
        expected += block @ np.linalg.solve(matrix, query[piece.start : piece.end])
    np.testing.assert_allclose(made.rows @ (made.matrix @ query), expected, rtol=1e-3, atol=1e-4)


def test_int8_keeps_the_order_and_clips_outliers() -> None:
    gradients, slices = make_gradients()
    gradients[0] *= 100  # an outlier must not be paid for being large
    made = projection.project(gradients, slices, 3, np.empty_like(gradients))
    rows = projection.quantise_rows(made.rows)
    norms = np.linalg.norm(made.rows, axis=1)
    assert rows.norms == pytest.approx(np.minimum(norms, np.median(norms)), rel=1e-6)
    clipped = made.rows * (rows.norms / norms)[:, None]
    query = made.matrix @ gradients[5]
    exact = clipped @ (query / np.linalg.norm(query))
    integers = scan.scores(rows.values, projection.quantise_query(query)).sum(axis=1)
    assert np.corrcoef(exact, integers)[0, 1] > 0.999


def test_a_query_counts_by_direction_only() -> None:
    query = np.random.default_rng(3).standard_normal(50)
    assert (projection.quantise_query(query) == projection.quantise_query(query * 1e6)).all()
    assert (projection.quantise_query(query * 0) == 0).all()


def test_the_threshold_lets_half_a_row_through_by_chance() -> None:
    generator = np.random.default_rng(4)
    null = generator.exponential(1_000, 20_000)
    threshold = projection.null_threshold(null, 200)
    chance = np.mean(generator.exponential(1_000, 2_000_000) > threshold) * 200
    assert 0.3 < chance < 0.8
    assert projection.null_threshold(np.zeros(10), 200) == 1
    assert projection.null_threshold(-null - 5_000, 200) == 1


def test_one_row_per_cluster_ties_by_record_id() -> None:
    def leaf(position: int, record: str, cluster: str) -> Leaf:
        return Leaf(position, record, cluster, "0x")

    leaves = [leaf(0, "d", "x"), leaf(1, "c", "y"), leaf(2, "b", "x"), leaf(3, "a", "z"), leaf(4, "e", "w")]
    partials = np.array([[5, 5], [20, 10], [10, 10], [10, 20], [9, 0]], np.int32)
    found = rank(leaves, partials, 9, 32)
    assert [(r["recordId"], r["score"]) for r in found] == [("a", 30), ("c", 30), ("b", 20)]
    assert found[0]["partials"] == [10, 20]
    assert len(rank(leaves, partials, 9, 1)) == 1


QUERY = """
import json, sys
from openlora.config import fix_numerics
fix_numerics()
import torch
torch.set_num_threads(int(sys.argv[4]))
from pathlib import Path
from openlora.adapters.store import AdapterStore
from openlora.attribution.query import Attributor
from openlora.models.base import load_base
base = load_base(Path(sys.argv[1]), torch.float32, torch.device("cpu"), "eager")
store = AdapterStore(Path(sys.argv[2]))
attributor = Attributor(lambda: base, store, {0, 1, 2})
print(json.dumps(attributor.attribute(sys.argv[3], range(9, 30), range(60, 99), 32)))
"""


def vector(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text.removeprefix("0x")), np.int8).astype(np.float64)


def test_two_processes_and_the_server_agree_to_the_byte(
    engine: Engine, trained: Json, base_path: Path
) -> None:
    arguments = [str(base_path), str(engine.state / "adapters"), trained["adapter"]]
    command = [sys.executable, "-c", QUERY, *arguments]
    root = Path(__file__).resolve().parents[1]
    first, second, alone = (
        json.loads(subprocess.run([*command, threads], cwd=root, check=True, capture_output=True).stdout)
        for threads in ("2", "2", "1")
    )
    assert first == second
    # With another number of threads sums are rounded otherwise, and nobody is paid otherwise for it.
    query, other = (vector(found["query"]) for found in (first, alone))
    assert query @ other >= 0.999 * np.linalg.norm(query) * np.linalg.norm(other)
    scores, others = ({x["cluster"]: x["score"] for x in found["records"]} for found in (first, alone))
    assert others == pytest.approx(scores, rel=0.01)
    body = {
        "adapter": trained["adapter"],
        "promptTokenIds": list(range(9, 30)),
        "tokenIds": list(range(60, 99)),
        "top": 32,
    }
    assert engine.post("/v1/attribute", body) == (200, first)


def test_query_and_rows_explain_every_listed_score_and_every_unlisted_row(
    engine: Engine, trained: Json
) -> None:
    _, found = engine.post(
        "/v1/attribute",
        {
            "adapter": trained["adapter"],
            "promptTokenIds": [9, 10],
            "tokenIds": list(range(60, 80)),
            "top": 32,
        },
    )
    _, index = engine.get("/v1/jobs/first/index")
    rows = np.frombuffer(engine.http.get("/v1/jobs/first/index/rows").content, np.int8)
    rows = rows.reshape(trained["index"]["rows"], trained["index"]["k"])
    one = f"/v1/adapters/{trained['adapter']}/index/rows"
    for position, row in enumerate(rows):
        assert engine.http.get(f"{one}/{position}").content == row.tobytes()
    for beyond in (-1, len(rows)):
        status, body = engine.get(f"{one}/{beyond}")
        assert (status, body["error"]["code"]) == (404, "row_not_found")
    query = np.frombuffer(bytes.fromhex(found["query"].removeprefix("0x")), np.int8)
    assert hashing.to_hex(hashing.query_root(query)) == found["queryRoot"]
    assert [hashing.to_hex(hashing.row_root(row)) for row in rows] == [
        leaf["rowRoot"] for leaf in index["rows"]
    ]
    partials = scan.scores(rows, query)
    leaves = [Leaf(x["position"], x["recordId"], x["cluster"], x["rowRoot"]) for x in index["rows"]]
    assert rank(leaves, partials, found["nullThreshold"], 32) == found["records"]
