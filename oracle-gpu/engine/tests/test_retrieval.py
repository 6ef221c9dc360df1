"""Retrieval: what is found, what is not, and that an index is whole or not there."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from openlora.errors import EngineError
from openlora.rag import index as rag_index
from openlora.rag.passages import MAX_CHARS, match_any, pieces, words
from openlora.rag.spec import SearchBody, SourceRecord
from openlora.rag.store import RetrievalStore
from openlora.verify import hashing

from .conftest import Engine, Json
from .test_api import code


class Bag:
    """An embedder whose vectors are the words of a text, without their meaning."""

    id, name, dimensions = "bag", "bag of words", 256
    texts = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        found = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(found, texts, strict=True):
            for word in text.lower().replace("?", " ").replace(".", " ").split():
                row[zlib.crc32(word.encode()) % self.dimensions] += 1
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return found


def source_record(i: int, answer: str, cluster: int | None = None, licence: str = "MIT") -> Json:
    id = hashing.to_hex(hashing.keccak256(str(i).encode()))
    cluster_id = id if cluster is None else hashing.to_hex(hashing.keccak256(str(cluster).encode()))
    messages = [{"role": "user", "content": f"Question {i}?"}, {"role": "assistant", "content": answer}]
    source = {"title": f"Title {i}", "path": "p", "version": "1", "licence": licence}
    return {"recordId": id, "cluster": cluster_id, "messages": messages, "source": source}


ANSWERS = [
    "Pauses every token transfer until the owner resumes it.",
    "Returns the square root of an unsigned number.",
    "Emitted when a proposal was executed by the timelock.",
    "Burns shares and sends the underlying asset of the vault to the receiver.",
]
RECORDS = [source_record(i, answer) for i, answer in enumerate(ANSWERS)]


def parse(records: list[Json]) -> list[SourceRecord]:
    return [SourceRecord.model_validate(record) for record in records]


@pytest.fixture
def bag() -> Bag:
    return Bag()


@pytest.fixture
def store(tmp_path: Path, bag: Bag) -> RetrievalStore:
    return RetrievalStore(tmp_path / "retrieval", lambda: bag, len)  # type: ignore[arg-type, return-value]


def search(store: RetrievalStore, query: str, keys: Sequence[str] = ("1@1",), **more: Any) -> Json:
    return store.search(SearchBody.model_validate({"keys": list(keys), "query": query, **more}))


def ids(found: Json) -> list[str]:
    return [passage["recordId"] for passage in found["passages"]]


def test_the_best_passage_comes_first_and_says_where_it_is_from(store: RetrievalStore) -> None:
    assert store.put("1@1", parse(RECORDS))["built"]
    found = search(store, "How do I get the square root of a number?")
    first = found["passages"][0]
    assert (first["key"], first["recordId"], first["title"]) == ("1@1", RECORDS[1]["recordId"], "Title 1")
    assert first["text"] == f"Question 1?\n{ANSWERS[1]}"
    scores = [passage["score"] for passage in found["passages"]]
    assert scores == sorted(scores, reverse=True)
    assert all(isinstance(score, int) and score >= found["threshold"] for score in scores)
    assert not found["abstained"]
    assert search(store, "How do I get the square root of a number?") == found, "the same every time"


def test_it_abstains_where_nothing_is_relevant(store: RetrievalStore) -> None:
    store.put("1@1", parse(RECORDS))
    found = search(store, "Which cheese melts best?")
    assert (found["passages"], found["abstained"]) == ([], True)
    assert search(store, "?!")["abstained"], "no word at all"


def test_several_indexes_excluded_records_and_licences(store: RetrievalStore) -> None:
    store.put("1@1", parse(RECORDS[:2]))
    other = [source_record(7, "Returns the square root of a signed number.", licence="CC0-1.0")]
    store.put("2@5", parse(other))
    query = "square root of a number"
    both = search(store, query, ["1@1", "2@5"])
    assert {passage["key"] for passage in both["passages"]} == {"1@1", "2@5"}
    assert ids(search(store, query, ["2@5"])) == [other[0]["recordId"]]
    assert ids(search(store, query, ["1@1", "2@5"], licences=["CC0-1.0"])) == [other[0]["recordId"]]
    assert search(store, query, ["1@1", "2@5"], licences=["GPL-3.0"])["abstained"]
    kept = ids(search(store, query, ["1@1", "2@5"], excluded=[other[0]["recordId"]]))
    assert kept
    assert other[0]["recordId"] not in kept


def test_a_cluster_is_shown_once(store: RetrievalStore) -> None:
    copies = [
        source_record(i, f"Returns the square root of a number, copy {i}.", cluster=1) for i in (10, 11, 12)
    ]
    store.put("1@1", parse([*RECORDS, *copies[:2]]))
    store.put("2@1", parse(copies[2:]))
    found = search(store, "square root of a number", ["1@1", "2@1"], top=8)
    clusters = [passage["cluster"] for passage in found["passages"]]
    assert len(clusters) == len(set(clusters))
    assert len(search(store, "square root of a number", top=1)["passages"]) == 1


def test_the_same_records_build_nothing_and_others_replace_all(store: RetrievalStore, bag: Bag) -> None:
    first = store.put("1@1", parse(RECORDS))
    embedded = bag.texts
    assert store.put("1@1", parse(RECORDS)) == {**first, "built": False}
    assert bag.texts == embedded
    assert search(store, "square root")["passages"]
    assert store.put("1@1", parse([RECORDS[0]]))["records"] == 1
    assert RECORDS[1]["recordId"] not in ids(search(store, "square root of an unsigned number"))
    assert [each["records"] for each in store.facts()] == [1]


def test_what_is_deleted_is_not_found(store: RetrievalStore) -> None:
    store.put("1@1", parse(RECORDS))
    assert store.delete("1@1")
    assert not store.delete("1@1")
    assert store.facts() == []
    with pytest.raises(EngineError) as error:
        search(store, "square root")
    assert (error.value.status, error.value.code) == (404, "retrieval_index_not_found")
    assert error.value.detail == {"key": "1@1"}


def test_an_index_outlives_the_engine_and_an_unfinished_one_does_not(
    store: RetrievalStore, tmp_path: Path
) -> None:
    class Interrupted(Bag):
        def embed(self, texts: Sequence[str]) -> np.ndarray:
            raise KeyboardInterrupt

    store.put("1@1", parse(RECORDS))
    broken = RetrievalStore(tmp_path / "retrieval", Interrupted, len)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        broken.put("1@1", parse(RECORDS[:1]))
    assert list((tmp_path / "retrieval").glob("*.partial"))
    again = RetrievalStore(tmp_path / "retrieval", Bag, len)  # type: ignore[arg-type]
    assert not list((tmp_path / "retrieval").glob("*.partial*"))
    assert ids(search(again, "square root"))[0] == RECORDS[1]["recordId"]


def test_a_damaged_index_is_refused_and_built_again(store: RetrievalStore, tmp_path: Path) -> None:
    store.put("1@1", parse(RECORDS))
    (file,) = (tmp_path / "retrieval").glob("*.sqlite")
    file.write_bytes(file.read_bytes()[:9_000])
    fresh = RetrievalStore(tmp_path / "retrieval", Bag, len)  # type: ignore[arg-type]
    assert fresh.facts() == []
    with pytest.raises(EngineError, match="put its records again") as error:
        search(fresh, "square root")
    assert error.value.code == "retrieval_index_damaged"
    assert fresh.put("1@1", parse(RECORDS))["built"]
    assert ids(search(fresh, "square root"))[0] == RECORDS[1]["recordId"]


def test_searches_go_on_while_an_index_is_replaced(store: RetrievalStore) -> None:
    store.put("1@1", parse(RECORDS))
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(40):
                assert ids(search(store, "square root of a number"))[0] == RECORDS[1]["recordId"]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(6):
        store.put("1@1", parse(RECORDS[: 2 + i % 2]))
    for thread in threads:
        thread.join()
    assert not failures


def test_bad_records_are_named(store: RetrievalStore) -> None:
    for records, reason in (
        ([RECORDS[0], RECORDS[0]], "listed twice"),
        ([{**RECORDS[0], "messages": [{"role": "assistant", "content": " "}]}], "no text"),
        ([{**RECORDS[0], "messages": [{"role": "system", "content": "x"}]}], "no text"),
    ):
        with pytest.raises(EngineError, match=reason) as error:
            store.put("1@1", parse(records))
        assert error.value.detail["recordId"] == RECORDS[0]["recordId"]
    assert store.facts() == []


def test_a_long_record_is_cut_where_it_pauses() -> None:
    sentence = "This sentence is exactly as long as the others are. "
    text = sentence * 100
    found = pieces(text)
    assert " ".join(found) == text.strip()
    assert all(len(piece) <= MAX_CHARS and piece.endswith(".") for piece in found)
    assert [len(piece) for piece in pieces("x" * 3_000)] == [1_200, 1_200, 600]
    assert pieces("short") == ["short"]
    assert pieces(" \n") == []


def test_names_are_found_by_their_parts() -> None:
    assert words("safeTransferFrom and _mint") == "safeTransferFrom and _mint safe Transfer From  mint"
    assert (
        match_any("How do I safeTransfer?")
        == '"how" OR "do" OR "i" OR "safetransfer" OR "safe" OR "transfer"'
    )
    assert match_any('"; DROP -- NEAR(') == '"drop" OR "near"'


def test_exact_search_agrees_with_numpy(store: RetrievalStore, bag: Bag, tmp_path: Path) -> None:
    """The vector library's cosines are those of a plain product."""
    generator = np.random.default_rng(0)
    vocabulary = [f"word{i}" for i in range(40)]
    records = [source_record(i, " ".join(generator.choice(vocabulary, 6))) for i in range(300)]
    store.put("1@1", parse(records))
    (file,) = (tmp_path / "retrieval").glob("*.sqlite")
    query = bag.embed(["word1 word2 word3"])[0]
    found = rag_index.RetrievalIndex(file).search("word1 word2 word3", query, [], None)
    rows = bag.embed(
        [
            f"{r['source']['title']}\nQuestion {i}?\n{r['messages'][1]['content']}"
            for i, r in enumerate(records)
        ]
    )
    expected = {record["recordId"]: float(row @ query) for record, row in zip(records, rows, strict=True)}
    assert len(found) >= rag_index.CANDIDATES
    for each in found:
        assert each.cosine == pytest.approx(expected[each.passage.record_id], abs=1e-5)


def test_over_http(engine: Engine) -> None:
    put = engine.http.put("/v1/retrieval/3@2", json={"records": RECORDS}).json()
    assert put["built"]
    assert (put["records"], put["passages"]) == (4, 4)
    assert put["tokens"] > 100, "as the base model counts"
    assert not engine.http.put("/v1/retrieval/3@2", json={"records": RECORDS}).json()["built"]
    assert [each["key"] for each in engine.get("/v1/retrieval")[1]] == ["3@2"]
    body = {"keys": ["3@2"], "query": "square root of an unsigned number", "top": 2}
    status, found = engine.post("/v1/retrieval/search", body)
    assert status == 200
    assert found["passages"][0]["recordId"] == RECORDS[1]["recordId"]
    assert code(engine.post("/v1/retrieval/search", {**body, "query": " "})) == (400, "empty_query")
    assert code(engine.post("/v1/retrieval/search", {**body, "top": 9})) == (400, "invalid_request")
    assert code(engine.post("/v1/retrieval/search", {**body, "keys": ["3@2", "none"]})) == (
        404,
        "retrieval_index_not_found",
    )
    control = source_record(1, "<|im_end|>")
    refused = engine.http.put("/v1/retrieval/9@9", json={"records": [control]})
    assert code((refused.status_code, refused.json())) == (400, "bad_record")
    long = source_record(1, "x" * 20_000)
    refused = engine.http.put("/v1/retrieval/9@9", json={"records": [long]})
    assert code((refused.status_code, refused.json())) == (400, "bad_record")
    assert code(engine.get("/v1/retrieval/9@9"))[0] == 405
    assert engine.http.delete("/v1/retrieval/3@2").json() == {"key": "3@2", "deleted": True}
    assert code(engine.post("/v1/retrieval/search", body))[0] == 404


def test_a_killed_engine_leaves_no_half_of_an_index(
    tmp_path_factory: pytest.TempPathFactory, models: Path
) -> None:
    state = tmp_path_factory.mktemp("killed")
    first = Engine(state, models)
    assert first.http.put("/v1/retrieval/kept", json={"records": RECORDS}).json()["built"]
    many = [source_record(i, f"Answer number {i} " + "word " * 200) for i in range(3_000)]

    def put() -> None:
        with contextlib.suppress(httpx.TransportError):  # killed meanwhile, as intended
            first.http.put("/v1/retrieval/lost", json={"records": many})

    thread = threading.Thread(target=put)
    thread.start()
    while not list((state / "retrieval").glob("*.partial")) and thread.is_alive():
        time.sleep(0.01)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(30)
    thread.join()
    first.http.close()
    second = Engine(state, models)
    assert [each["key"] for each in second.get("/v1/retrieval")[1]] == ["kept"]
    assert second.http.put("/v1/retrieval/lost", json={"records": many[:3]}).json()["built"]
    second.stop()
