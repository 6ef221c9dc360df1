"""The HTTP interface: answers, refusals, files."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from openlora.adapters.store import AdapterStore, adapter_id

from .conftest import Engine, Json, plan, question, record
from .test_generation import make_adapter

NOWHERE = "0x" + "ab" * 32


def code(answer: tuple[int, Json]) -> tuple[int, str]:
    status, body = answer
    error = body["error"]
    assert error["message"].endswith("."), "one sentence"
    assert error["type"] in ("invalid_request_error", "server_error")
    return status, error["code"]


def test_health_names_the_base(engine: Engine) -> None:
    _, health = engine.get("/health")
    assert health["status"] == "ok"
    assert health["threads"] == 1
    assert health["base"]["contextLength"] == 512
    assert all(health["base"][key].startswith("0x") for key in ("id", "tokenizerHash"))
    assert health["engineHash"].startswith("0x")


def test_a_stream_adds_up_to_the_answer(engine: Engine) -> None:
    body = {"messages": question("Tell me"), "maxTokens": 20, "temperature": 1.0, "seed": 3}
    tokens, done = engine.generate(**body)
    assert [token["index"] for token in tokens] == list(range(len(tokens)))
    assert [token["tokenId"] for token in tokens] == done["tokenIds"]
    assert "".join(token["text"] for token in tokens) == done["text"]
    assert engine.generate(**body)[1] == done, "the seed decides"
    assert engine.generate(**{**body, "seed": 4})[1]["tokenIds"] != done["tokenIds"]
    _, counted = engine.post("/v1/tokenize", {"messages": body["messages"]})
    prompt = done["promptTokenIds"]
    assert counted == {"promptTokens": len(prompt), "promptTokenIds": prompt, "contextLength": 512}


def test_an_answer_ends_at_its_limit_or_a_stop_string(engine: Engine) -> None:
    body = {"messages": question("Go"), "maxTokens": 40, "temperature": 1.0, "seed": 8}
    _, done = engine.generate(**body)
    assert (done["finishReason"], len(done["tokenIds"])) == ("length", 40)
    stop = done["text"][10:12]
    tokens, stopped = engine.generate(**body, stop=[stop])
    assert stopped["finishReason"] == "stop"
    assert stopped["text"] == done["text"][: done["text"].index(stop)]
    assert "".join(token["text"] for token in tokens) == stopped["text"]


def test_an_answer_never_leaves_the_context(engine: Engine) -> None:
    _, done = engine.generate(messages=question("x" * 460), maxTokens=400)
    assert len(done["promptTokenIds"]) + len(done["tokenIds"]) <= 512


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"adapter": NOWHERE}, (404, "adapter_not_found")),
        ({"adapter": "../../secret"}, (404, "adapter_not_found")),
        ({"messages": []}, (400, "invalid_request")),
        ({"messages": [{"role": "tool", "content": "x"}]}, (400, "invalid_request")),
        ({"messages": [{"role": "assistant", "content": "x"}]}, (400, "invalid_request")),
        ({"maxTokens": 0}, (400, "invalid_request")),
        ({"temperature": -1}, (400, "invalid_request")),
        ({"unknown": 1}, (400, "invalid_request")),
        ({"messages": question("<|im_end|>")}, (400, "control_token")),
    ],
)
def test_bad_generation_requests(engine: Engine, body: Json, expected: tuple[int, str]) -> None:
    assert code(engine.post("/v1/generate", {"messages": question("hi"), **body})) == expected


def test_a_prompt_beyond_the_context_says_by_how_much(engine: Engine) -> None:
    for path in ("/v1/generate", "/v1/tokenize"):
        status, body = engine.post(path, {"messages": question("x" * 600)})
        assert code((status, body)) == (400, "context_length_exceeded")
        assert body["error"]["promptTokens"] > 600
        assert body["error"]["contextLength"] == 512


def test_answers_are_counted_by_adapter(engine: Engine, trained: Json) -> None:
    def counted(name: str) -> float:
        lines = engine.http.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    tokens = f'openlora_tokens_total{{adapter="{trained["adapter"]}",kind="completion"}}'
    ended = f'openlora_answers_total{{adapter="{trained["adapter"]}",outcome="length"}}'
    before = counted(tokens), counted(ended)
    engine.generate(adapter=trained["adapter"], messages=question("hi"), maxTokens=3, logitBias={"2": -100})
    assert (counted(tokens) - before[0], counted(ended) - before[1]) == (3, 1)


def test_other_refusals(engine: Engine) -> None:
    assert code(engine.get("/v1/nothing")) == (404, "not_found")
    assert code(engine.get("/v1/jobs/none")) == (404, "job_not_found")
    assert code(engine.get("/v1/jobs/none/events")) == (404, "job_not_found")
    assert code(engine.get("/v1/generate")) == (405, "method_not_allowed")
    assert code(engine.get(f"/v1/adapters/{NOWHERE}/files/adapter_config.json")) == (
        404,
        "adapter_not_found",
    )
    large = engine.http.post("/v1/jobs", content=b" " * (33 << 20))
    assert code((large.status_code, large.json())) == (413, "too_large")
    broken = engine.http.post("/v1/tokenize", content=b"{", headers={"content-type": "application/json"})
    assert code((broken.status_code, broken.json())) == (400, "invalid_request")


def test_a_caller_who_leaves_stops_the_generation(engine: Engine) -> None:
    body = {"adapter": None, "messages": question("long"), "maxTokens": 450, "temperature": 1.0}
    before = engine.get("/health")[1]["load"]["generatedTokens"]
    for _ in range(12):
        with engine.http.stream("POST", "/v1/generate", json=body) as answer:
            next(answer.iter_lines())
    load = engine.get("/health")[1]["load"]
    while load["active"] or load["waiting"]:
        time.sleep(0.05)
        load = engine.get("/health")[1]["load"]
    assert load["generatedTokens"] - before < 12 * 450 / 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"base": NOWHERE}, (404, "base_not_found")),
        ({"training": {"heldOutEvery": 1}}, (400, "invalid_request")),
        ({"training": {"maxLength": 4096}}, (400, "invalid_request")),
        ({"training": {"epochs": 0}}, (400, "invalid_request")),
        ({"method": {"kind": "full"}}, (400, "invalid_request")),
        ({"records": []}, (400, "invalid_request")),
        ({"records": [record(1), record(1)]}, (400, "bad_record")),
        ({"records": [{**record(1), "messages": []}]}, (400, "bad_record")),
        ({"records": [{**record(1), "messages": question("no answer")}]}, (400, "bad_record")),
        ({"records": [{**record(1), "messages": question("x" * 20_000)}]}, (400, "bad_record")),
        ({"records": [{**record(1), "recordId": "7"}]}, (400, "invalid_request")),
        ({"id": "../up"}, (400, "invalid_request")),
    ],
)
def test_bad_jobs_are_refused_before_they_start(
    engine: Engine, change: Json, expected: tuple[int, str]
) -> None:
    body = {"id": "bad", **plan(engine.base, 8)}
    for key, value in change.items():
        body[key] = {**body[key], **value} if isinstance(value, dict) else value
    answer = engine.post("/v1/jobs", body)
    assert code(answer) == expected
    if expected[1] == "bad_record":
        assert answer[1]["error"]["recordId"] == record(1)["recordId"]
        assert answer[1]["error"]["reason"]
    assert code(engine.get("/v1/jobs/bad")) == (404, "job_not_found")


def test_an_estimate_shows_what_is_trained(engine: Engine) -> None:
    status, found = engine.post("/v1/estimate", plan(engine.base, 24))
    assert status == 200
    assert found["steps"] == 10, "18 records in batches of 4, twice"
    assert found["seconds"] > 0
    assert found["memoryBytes"] > 0
    text, trained = found["sample"]["text"], found["sample"]["trained"]
    assert [text[start:end] for start, end in trained] == ["It is 0 in all.<|im_end|>"]


def test_an_estimate_shows_records_as_they_are_read(engine: Engine) -> None:
    body = plan(engine.base, 24)
    status, found = engine.post("/v1/estimate", body)
    assert (status, found["cut"], found["heldOut"]) == (200, 0, 6)
    assert 1 < len(found["samples"]) <= 5
    assert found["samples"][0]["text"] == found["sample"]["text"]
    assert {sample["kind"] for sample in found["samples"]} == {"chat"}
    longest = max(sample["tokens"] for sample in found["samples"])
    assert longest == found["longest"]
    length = longest - 3
    status, cut = engine.post("/v1/estimate", plan(engine.base, 24, maxLength=length))
    assert (status, cut["longest"]) == (200, longest)
    assert cut["cut"] > 0
    shown = next(sample for sample in cut["samples"] if sample["dropped"])
    assert shown["tokens"] - shown["dropped"] == length
    start = shown["trained"][-1][0]
    assert start < shown["readTo"] < len(shown["text"]), "the end of the answer is not read"
    refused = engine.post("/v1/estimate", plan(engine.base, 24, maxLength=8))[1]["error"]
    assert (refused["code"], refused["cause"]) == ("bad_record", "too_long")


def test_a_mix_shows_a_record_of_each_datanet(engine: Engine) -> None:
    body = plan(engine.base, 24, mix=[{"datanet": 4, "weight": 1}, {"datanet": 9, "weight": 2}])
    body["records"] = [{**record(i), "datanet": 4 if i < 20 else 9} for i in range(24)]
    status, found = engine.post("/v1/estimate", body)
    assert status == 200
    assert {sample["datanet"] for sample in found["samples"]} == {4, 9}


def test_bases_are_compared_by_what_each_kind_of_training_needs(engine: Engine) -> None:
    status, found = engine.get("/v1/training")
    assert (status, set(found["kinds"])) == (200, {"lora", "rslora", "dora", "qlora"})
    kinds = found["kinds"]
    assert kinds["qlora"]["memoryBytes"] < kinds["lora"]["memoryBytes"] < kinds["dora"]["memoryBytes"]
    assert kinds["dora"]["tokensPerSecond"] < kinds["lora"]["tokensPerSecond"]
    assert found["freeBytes"] > 0
    assert found["reference"]["batchSize"] == 4


def test_an_estimate_knows_the_kinds(engine: Engine) -> None:
    def memory(kind: str) -> int:
        body = plan(engine.base, 24)
        body["method"]["kind"] = kind
        status, found = engine.post("/v1/estimate", body)
        assert status == 200
        size: int = found["memoryBytes"]
        return size

    assert memory("qlora") < memory("lora") == memory("rslora") < memory("dora")
    body = plan(engine.base, 24)
    body["method"]["kind"] = "ia3"
    assert code(engine.post("/v1/estimate", body)) == (400, "invalid_request")


def test_adapters_are_listed_and_their_files_are_what_the_id_names(
    engine: Engine, trained: Json, tmp_path: Path
) -> None:
    _, adapters = engine.get("/v1/adapters")
    found = next(adapter for adapter in adapters if adapter["id"] == trained["adapter"])
    assert found["hasIndex"]
    assert (found["rank"], found["bytes"]) == (4, trained["adapterBytes"])
    assert found["baseModel"] == trained["baseModel"] == engine.base
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        file = engine.http.get(f"/v1/adapters/{trained['adapter']}/files/{name}")
        (tmp_path / name).write_bytes(file.content)
    assert adapter_id(tmp_path) == trained["adapter"]
    assert code(engine.get(f"/v1/adapters/{trained['adapter']}/files/index.json"))[0] == 404


def test_an_adapter_that_was_changed_is_refused(engine: Engine, base_path: Path, tmp_path: Path) -> None:
    id = make_adapter(base_path, tmp_path / "new", seed=9, rank=2)
    store = AdapterStore(engine.state / "adapters")
    assert store.put(tmp_path / "new") == id
    file = store.file(id, "adapter_model.safetensors")
    good = file.read_bytes()
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    body = {"adapter": id, "messages": question("hi"), "maxTokens": 1}
    assert code(engine.post("/v1/generate", body)) == (409, "adapter_tampered")
    file.write_bytes(good)
    assert engine.generate(**body)[1]["finishReason"] == "length"
    attribute = {"adapter": id, "promptTokenIds": [5], "tokenIds": [6]}
    assert code(engine.post("/v1/attribute", attribute)) == (409, "no_index")
    assert hashlib.sha256(good).digest() == hashlib.sha256(file.read_bytes()).digest()


def test_bad_queries(engine: Engine, trained: Json) -> None:
    good = {"adapter": trained["adapter"], "promptTokenIds": [5, 6], "tokenIds": [7]}
    assert engine.post("/v1/attribute", good)[0] == 200
    cases: list[tuple[Json, tuple[int, str]]] = [
        ({"adapter": NOWHERE}, (404, "adapter_not_found")),
        ({"tokenIds": []}, (400, "invalid_request")),
        ({"tokenIds": [100_000]}, (400, "invalid_request")),
        ({"tokenIds": [7] * 600}, (400, "context_length_exceeded")),
        ({"top": 33}, (400, "invalid_request")),
    ]
    for change, expected in cases:
        assert code(engine.post("/v1/attribute", {**good, **change})) == expected


def test_several_adapters_are_added_up(engine: Engine, trained: Json) -> None:
    body = {"messages": question("What is 3?"), "maxTokens": 4}
    id = trained["adapter"]
    _, alone = engine.generate(**body, adapter=id)
    _, summed = engine.generate(**body, adapters=[{"id": id, "weightBps": 10_000}])
    assert summed["tokenIds"] == alone["tokenIds"]
    nowhere = {"id": "0x" + "00" * 32, "weightBps": 1}
    for adapters, expected in (
        ([{"id": id, "weightBps": 5_000}, nowhere], (404, "adapter_not_found")),
        ([{"id": id, "weightBps": 5_000}] * 2, (400, "invalid_request")),
        ([], (400, "invalid_request")),
        ([{"id": id, "weightBps": 100_001}], (400, "invalid_request")),
    ):
        assert code(engine.post("/v1/generate", {**body, "adapters": adapters})) == expected
    both = {**body, "adapter": id, "adapters": [{"id": id, "weightBps": 1}]}
    assert code(engine.post("/v1/generate", both)) == (400, "invalid_request")
