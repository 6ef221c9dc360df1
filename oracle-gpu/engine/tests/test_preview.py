"""A record that was never trained on gets the row that it would have had; nothing is kept of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from openlora.adapters.store import read_adapter
from openlora.attribution import projection, scan
from openlora.attribution.gradients import Slice, make_slices
from openlora.attribution.index import RECORD_MAPS, AttributionIndex
from openlora.attribution.newcomers import RecordMaps, nearest
from openlora.errors import EngineError
from openlora.verify import hashing

from .conftest import Engine, Json, record
from .test_attribution import make_gradients


def numbered(i: int) -> str:
    return hashing.to_hex(hashing.keccak256(str(i).encode()))


def stored(engine: Engine, trained: Json) -> tuple[np.ndarray, list[Json]]:
    raw = np.frombuffer(engine.http.get("/v1/jobs/first/index/rows").content, np.int8)
    _, index = engine.get("/v1/jobs/first/index")
    return raw.reshape(trained["index"]["rows"], trained["index"]["k"]), index["rows"]


def previewed(engine: Engine, trained: Json, records: list[Json], queries: list[str]) -> Json:
    body = {"adapter": trained["adapter"], "records": records, "queries": queries}
    status, found = engine.post("/v1/attribution/preview", body)
    assert status == 200, found
    return found


def test_the_maps_place_any_gradient_where_preconditioning_in_full_space_does() -> None:
    gradients, slices = make_gradients()
    maps = np.empty((len(slices), 12, 12), np.float32)
    made = projection.project(gradients, slices, 3, np.empty_like(gradients), record_maps=maps)
    fresh = np.random.default_rng(5).standard_normal(70)
    preconditioned = np.zeros(70)
    for piece in slices:
        part = slice(piece.start, piece.end)
        block = gradients[:, part].astype(np.float64)
        mean = np.linalg.eigvalsh(block @ block.T).mean()
        matrix = block.T @ block + projection.DAMPING * mean * np.eye(block.shape[1])
        preconditioned[part] = np.linalg.solve(matrix, fresh[part])
    np.testing.assert_allclose(
        made.matrix @ made.matrix.T, np.eye(12), atol=1e-3
    )  # nearest place in the span
    np.testing.assert_allclose(place(made, slices, fresh), made.matrix @ preconditioned, rtol=1e-2, atol=1e-5)
    for i in range(12):
        np.testing.assert_allclose(place(made, slices, gradients[i]), made.rows[i], rtol=1e-2, atol=1e-4)


def place(made: projection.Projection, slices: list[Slice], gradient: np.ndarray) -> np.ndarray:
    assert made.record_maps is not None
    found = np.zeros(len(made.matrix))
    for piece, part in zip(slices, made.record_maps, strict=True):
        found += part @ (made.matrix[:, piece.start : piece.end] @ gradient[piece.start : piece.end])
    return found


def test_a_record_of_the_index_gets_its_own_row_again(engine: Engine, trained: Json) -> None:
    rows, leaves = stored(engine, trained)
    basis = [(np.eye(rows.shape[1], dtype=np.int8)[j]).tobytes().hex() for j in range(rows.shape[1])]
    known = [record(i) for i in range(24) if i % 4 != 3]
    found = previewed(engine, trained, known, basis)
    assert [item["recordId"] for item in found["nearest"]] == [leaf["recordId"] for leaf in leaves]
    assert all(item["cosine"] > 0.999 for item in found["nearest"])
    again = np.array(found["scores"]).T  # a query of one component reads that component of every row
    assert np.abs(again - rows.astype(np.int64)).max() <= 1  # batched with others: the last bit may differ
    assert found["nullThreshold"] == trained["index"]["nullThreshold"]


def test_a_new_record_scores_as_its_row_does_and_leaves_nothing_behind(engine: Engine, trained: Json) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in engine.state.rglob("*") if path.is_file()}

    body = {
        "adapter": trained["adapter"],
        "promptTokenIds": [9, 10],
        "tokenIds": list(range(60, 80)),
        "top": 32,
    }
    _, asked = engine.post("/v1/attribute", body)
    before = files()
    found = previewed(engine, trained, [record(101), record(102), record(5)], [asked["query"], "00" * 18])
    assert files() == before
    assert [len(row) for row in found["scores"]] == [3, 3]
    assert found["scores"][1] == [0, 0, 0]
    rows, leaves = stored(engine, trained)
    query = np.frombuffer(bytes.fromhex(asked["query"].removeprefix("0x")), np.int8)
    at = next(leaf["position"] for leaf in leaves if leaf["recordId"] == numbered(5))
    exact = int(scan.scores(rows, query)[at].sum())
    assert found["scores"][0][2] == pytest.approx(exact, abs=float(np.abs(query.astype(int)).sum()))
    assert found["scores"][0][0] != found["scores"][0][1]


def test_what_cannot_be_previewed_is_named(engine: Engine, trained: Json) -> None:
    good = {"adapter": trained["adapter"], "records": [record(101)], "queries": []}

    def refused(**changes: object) -> tuple[int, str, str]:
        status, found = engine.post("/v1/attribution/preview", {**good, **changes})
        return status, found["error"]["code"], found["error"]["message"]

    empty = {**record(102), "messages": [{"role": "user", "content": "What?"}]}
    status, code, message = refused(records=[record(101), empty])
    assert (status, code) == (400, "bad_record")
    assert numbered(102) in message
    assert refused(queries=["00"])[:2] == (400, "invalid_request")
    assert refused(queries=["zz" * 18])[:2] == (400, "invalid_request")
    assert refused(records=[])[:2] == (400, "invalid_request")
    assert refused(records=[record(i) for i in range(513)])[:2] == (400, "invalid_request")
    assert refused(adapter="0x" + "0" * 64)[:2] == (404, "adapter_not_found")


def test_maps_that_are_damaged_or_missing_are_refused(engine: Engine, trained: Json, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    stored_at = engine.state / "adapters" / trained["adapter"]
    shutil.copytree(stored_at / "index", folder)
    index = AttributionIndex(folder)
    slices = make_slices(read_adapter(stored_at / "checkpoint", index.checkpoint).weights, index.tensors)
    assert RecordMaps(index, slices).rows(np.zeros((2, slices[-1].end))).shape == (2, index.k)
    maps = folder / RECORD_MAPS
    sound = maps.read_bytes()
    for damaged in (sound[:-4], sound[:-1] + bytes([sound[-1] ^ 1])):
        maps.write_bytes(damaged)
        with pytest.raises(EngineError, match="Train the release again"):
            RecordMaps(index, slices)
    maps.unlink()
    with pytest.raises(EngineError, match="Train the release again"):
        RecordMaps(index, slices)


def test_the_nearest_row_is_the_one_of_the_same_direction() -> None:
    rows = np.array([[10, 0], [0, 20], [0, 0]], np.int8)
    found = nearest(rows, np.array([[1, 100], [127, -5], [0, 0]], np.int8))
    assert [item.position for item in found][:2] == [1, 0]
    assert found[0].cosine == pytest.approx(100 / np.hypot(1, 100))
    assert found[2].cosine == 0
