"""The router: which adapter a question is for, and when it is for none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openlora.errors import EngineError
from openlora.routing.centroids import centroids_of
from openlora.routing.store import THRESHOLD, VERSION, RouteStore

from .conftest import Engine
from .test_api import code
from .test_retrieval import Bag

GARDEN = ["when do roses bloom", "which roses climb walls", "when do tulips bloom"]
BANK = ["who signs a loan", "what is interest on a loan", "who pays interest"]


@pytest.fixture
def bag() -> Bag:
    return Bag()


@pytest.fixture
def store(tmp_path: Path, bag: Bag) -> RouteStore:
    made = RouteStore(tmp_path / "routes", lambda: bag)  # type: ignore[arg-type, return-value]
    made.put("garden", GARDEN)
    made.put("bank", BANK)
    return made


def test_a_question_is_for_the_nearest_route_with_the_reason(store: RouteStore) -> None:
    found = store.choose(["bank", "garden"], "when do lilies and roses bloom")
    assert [choice["key"] for choice in found["choices"]] == ["garden", "bank"]
    first, second = (choice["score"] for choice in found["choices"])
    assert first > THRESHOLD > second
    assert (found["version"], found["threshold"], found["embedder"]) == (VERSION, THRESHOLD, "bag")
    assert not found["abstained"]


def test_a_score_is_the_cosine_with_the_nearest_centroid(store: RouteStore, bag: Bag) -> None:
    question = "who signs roses"
    expected = (centroids_of(bag.embed(BANK)) @ bag.embed([question])[0]).max()
    found = store.choose(["bank"], question)["choices"]
    assert found == [{"key": "bank", "score": round(float(expected) * 10_000)}]


def test_it_abstains_from_a_question_of_none(store: RouteStore) -> None:
    found = store.choose(["garden", "bank"], "launch rockets toward Mars")
    assert found["abstained"]
    assert len(found["choices"]) == 2, "how near the nearest are is told all the same"


def test_routes_that_are_missing_are_left_out(store: RouteStore) -> None:
    assert store.choose(["none"], "roses") == {
        **{"version": VERSION, "embedder": "bag", "threshold": THRESHOLD},
        **{"choices": [], "abstained": True},
    }
    assert store.delete("bank")
    assert not store.delete("bank")
    found = store.choose(["bank", "garden", "garden"], "who signs a loan")
    assert [choice["key"] for choice in found["choices"]] == ["garden"]


def test_no_more_than_three_are_told_and_equals_by_key(store: RouteStore) -> None:
    for key in ("d", "c", "e"):
        store.put(key, GARDEN)
    found = store.choose(["e", "d", "garden", "c", "bank"], GARDEN[0])["choices"]
    assert [choice["key"] for choice in found] == ["c", "d", "e"]
    assert len({choice["score"] for choice in found}) == 1


def test_an_empty_question_is_refused(store: RouteStore) -> None:
    with pytest.raises(EngineError, match="ask something") as refused:
        store.choose(["bank"], " ")
    assert (refused.value.status, refused.value.code) == (400, "empty_query")


def test_a_route_is_made_once_and_found_again_after_a_restart(
    store: RouteStore, bag: Bag, tmp_path: Path
) -> None:
    asked = bag.texts
    assert not store.put("bank", BANK)["built"]
    assert bag.texts == asked
    damaged = tmp_path / "routes" / "damaged.safetensors"
    damaged.write_bytes(b"not tensors")
    (tmp_path / "routes" / "half.partial").write_bytes(b"")
    again = RouteStore(tmp_path / "routes", lambda: bag)  # type: ignore[arg-type, return-value]
    assert again.facts() == store.facts()
    assert [each["key"] for each in again.facts()] == ["bank", "garden"]
    assert again.choose(["bank", "garden"], BANK[0]) == store.choose(["bank", "garden"], BANK[0])
    assert not list((tmp_path / "routes").glob("*.partial"))
    assert again.put("bank", [*BANK, "who owes money"])["built"], "other texts make another route"


def test_another_embedding_model_makes_its_own_routes(store: RouteStore, bag: Bag) -> None:
    bag.id = "other"
    assert store.facts() == []
    assert store.choose(["bank"], BANK[0])["abstained"]
    assert store.put("bank", BANK)["built"]
    assert [each["key"] for each in store.facts()] == ["bank"]


def test_centroids_are_few_unit_vectors_without_chance() -> None:
    drawn = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    corners = np.eye(8, dtype=np.float32)[:3]
    vectors = corners[np.arange(60) % 3] + 0.05 * drawn
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = centroids_of(vectors, 3)
    assert sorted(found.argmax(axis=1).tolist()) == [0, 1, 2]
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (centroids_of(vectors[::-1], 3) == found).all(), "whatever order the texts come in"
    assert centroids_of(np.repeat(corners, 5, axis=0)).shape == (3, 8), "never more than there are meanings"


def test_over_http(engine: Engine) -> None:
    for key, texts in (("garden", GARDEN), ("bank", BANK)):
        put = engine.http.put(f"/v1/routes/{key}", json={"texts": texts}).json()
        assert put == {"key": key, "texts": 3, "centroids": 3, "built": True}
    assert [each["key"] for each in engine.get("/v1/routes")[1]] == ["bank", "garden"]
    status, found = engine.post("/v1/routes/choose", {"keys": ["garden", "bank"], "query": BANK[0]})
    assert status == 200
    assert found["choices"][0] == {"key": "bank", "score": 10_000}
    assert code(engine.post("/v1/routes/choose", {"keys": ["bank"], "query": ""})) == (400, "empty_query")
    assert code(engine.post("/v1/routes/choose", {"keys": [], "query": "x"})) == (400, "invalid_request")
    refused = engine.http.put("/v1/routes/empty", json={"texts": []})
    assert code((refused.status_code, refused.json())) == (400, "invalid_request")
    refused = engine.http.put("/v1/routes/empty", json={"texts": ["  "]})
    assert code((refused.status_code, refused.json())) == (400, "empty_text")
    assert engine.http.delete("/v1/routes/bank").json() == {"key": "bank", "deleted": True}
    assert engine.http.delete("/v1/routes/garden").json() == {"key": "garden", "deleted": True}
