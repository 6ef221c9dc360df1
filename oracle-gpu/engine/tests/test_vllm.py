"""The engine's interface answered by vLLM, for which a stand-in speaks (vllm_standin.py)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient

from openlora.adapters.store import write_adapter
from openlora.api.schemas import GenerateBody
from openlora.backends.vllm_server import Front, VllmConfig, create_app
from openlora.models.tiny import tiny_tokenizer

from .conftest import Engine, Json
from .vllm_standin import BASE, VERSION, Standin

ASK: Json = {"prompt": "hello", "maxTokens": 40, "seed": 7}


def write(state: Path, number: int, rank: int = 2) -> str:
    """An adapter that no model could tell from another; vLLM's part is to have it."""
    made = state / "made"
    layer = "base_model.model.model.layers.0.self_attn.q_proj"
    tensors = {
        f"{layer}.lora_A.weight": torch.full((rank, 64), float(number)),
        f"{layer}.lora_B.weight": torch.zeros(64, rank),
    }
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "base_model_name_or_path": "tiny"}
    id = write_adapter(made, tensors, config)
    made.rename(state / "adapters" / id)
    return id


@pytest.fixture
def vllm() -> Iterator[Standin]:
    standin = Standin()
    yield standin
    standin.stop()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "adapters").mkdir()
    return tmp_path


def config(vllm: Standin, models: Path, state: Path, **more: Any) -> VllmConfig:
    return VllmConfig(vllm.url, BASE, models, state, base="tiny", most_adapters=2, **more)


@pytest.fixture
def front(vllm: Standin, models: Path, state: Path) -> Iterator[TestClient]:
    with TestClient(create_app(config(vllm, models, state))) as client:
        yield client


def events(answer: Any) -> list[tuple[str, Json]]:
    assert answer.status_code == 200, answer.text
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [
        (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks
    ]


def done(answer: Any) -> Json:
    *tokens, (kind, last) = events(answer)
    assert kind == "done"
    assert [each for each, _ in tokens] == ["token"] * len(tokens)
    said = "".join(data["text"] for _, data in tokens)
    assert last["text"].startswith(said)
    return last


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_answer_has_the_engines_events(front: TestClient, vllm: Standin) -> None:
    last = done(front.post("/v1/generate", json=ASK))
    tokenizer = tiny_tokenizer()
    text = vllm.answer_of(BASE)
    assert last == {
        "text": text,
        "promptTokenIds": tokenizer.encode("hello"),
        "tokenIds": [*tokenizer.encode(text), tokenizer.eos_token_id],
        "finishReason": "stop",
        "passages": None,
    }
    assert front.get("/health").json()["engine"] == f"vllm {VERSION}"
    counted = front.post("/v1/tokenize", json={"prompt": "hello"}).json()
    assert counted["promptTokenIds"] == last["promptTokenIds"]


def test_settings_go_through_and_stop_strings_are_cut_here(front: TestClient, vllm: Standin) -> None:
    settings = {"temperature": 0.5, "topP": 0.9, "topK": 5, "minP": 0.1, "repetitionPenalty": 1.1}
    more = {"presencePenalty": 0.2, "frequencyPenalty": 0.3, "logitBias": {"7": -1.0}, "stop": ["ys"]}
    schema = {"type": "object"}
    last = done(front.post("/v1/generate", json={**ASK, **settings, **more, "format": {"schema": schema}}))
    assert (last["text"], last["finishReason"]) == (vllm.answer_of(BASE).split("ys")[0], "stop")
    asked = vllm.asked[-1]
    expected = {
        **{"model": BASE, "max_tokens": 40, "seed": 7, "temperature": 0.5},
        **{"top_p": 0.9, "top_k": 5, "min_p": 0.1},
        **{"repetition_penalty": 1.1, "presence_penalty": 0.2, "frequency_penalty": 0.3},
        **{"logit_bias": {"7": -1.0}, "structured_outputs": {"json": schema}, "stream": True},
    }  # fmt: skip
    assert {name: asked[name] for name in expected} == expected
    assert "stop" not in asked
    short = done(front.post("/v1/generate", json={**ASK, "maxTokens": 3}))
    assert (len(short["tokenIds"]), short["finishReason"]) == (3, "length")


def test_tokens_are_told_of_as_the_engine_does(front: TestClient) -> None:
    first = events(front.post("/v1/generate", json={**ASK, "logprobs": 2}))[0][1]
    told = first["logprobs"]
    assert (told["tokenId"], told["logprob"], told["bytes"]) == (first["tokenId"], -0.5, [ord("r")])
    assert [(one["tokenId"], one["logprob"]) for one in told["top"]] == [
        (first["tokenId"], -0.5),
        (first["tokenId"] + 1, -1.5),
    ]


def test_adapters_are_given_to_vllm_and_the_one_used_longest_ago_leaves(
    front: TestClient, vllm: Standin, state: Path
) -> None:
    ids = [write(state, number) for number in range(3)]
    for id in (ids[0], ids[1], ids[0], ids[2], ids[0]):
        assert done(front.post("/v1/generate", json={**ASK, "adapter": id}))["text"] == vllm.answer_of(id)
    short = [id[-4:] for id in ids]
    assert vllm.calls == [f"load {short[0]}", f"load {short[1]}", f"unload {short[1]}", f"load {short[2]}"]
    assert {each["id"] for each in front.get("/v1/adapters").json()} == set(ids)


def test_an_adapter_that_vllm_has_from_before_is_the_same_one(
    front: TestClient, vllm: Standin, state: Path
) -> None:
    id = write(state, 1)
    vllm.loaded[id] = "from before"
    assert done(front.post("/v1/generate", json={**ASK, "adapter": id}))["text"] == vllm.answer_of(id)


def test_a_vllm_that_was_started_anew_is_given_its_adapters_again(
    front: TestClient, vllm: Standin, state: Path
) -> None:
    body = {**ASK, "adapter": write(state, 1)}
    done(front.post("/v1/generate", json=body))
    vllm.loaded.clear()
    assert refused(front.post("/v1/generate", json=body)) == (503, "backend_forgot")
    done(front.post("/v1/generate", json=body))


def test_adapters_that_cannot_be_served_are_refused(front: TestClient, vllm: Standin, state: Path) -> None:
    unknown = {**ASK, "adapter": "0x" + "0" * 64}
    assert refused(front.post("/v1/generate", json=unknown)) == (404, "adapter_not_found")
    changed = write(state, 1)
    (state / "adapters" / changed / "adapter_model.safetensors").write_bytes(b"other")
    tampered = front.post("/v1/generate", json={**ASK, "adapter": changed})
    assert refused(tampered) == (409, "adapter_tampered")
    large = front.post("/v1/generate", json={**ASK, "adapter": write(state, 2, rank=32)})
    assert refused(large) == (409, "adapter_unsupported")
    assert "max_lora_rank 16" in large.json()["error"]["message"]
    assert vllm.loaded == {}
    done(front.post("/v1/generate", json={**ASK, "adapter": write(state, 3)}))


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("attribute", "attribution"),
        ("attribution/preview", "attribution"),
        ("replay", "replay"),
        ("embed", "embeddings"),
        ("jobs", "training"),
        ("retrieval/search", "retrieval"),
    ],
)
def test_what_vllm_cannot_do_is_refused_by_name(front: TestClient, path: str, what: str) -> None:
    answer = front.post(f"/v1/{path}", json={})
    assert refused(answer) == (501, "unsupported_by_vllm")
    assert answer.json()["error"]["unsupported"] == what


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (
            {"adapters": [{"id": "a", "weightBps": 5_000}, {"id": "b", "weightBps": 5_000}]},
            "weighted adapters",
        ),
        ({"format": {"tools": [{"name": "send"}]}}, "calls of tools"),
        (
            {
                "prompt": None,
                "messages": [{"role": "user", "content": "a"}],
                "passages": [
                    {"recordId": "0x" + "1" * 64, "cluster": "0x" + "1" * 64, "text": "b", "title": "c"}
                ],
            },
            "passages",
        ),
    ],
)
def test_answers_that_vllm_cannot_give_are_refused_by_name(front: TestClient, more: Json, what: str) -> None:
    answer = front.post("/v1/generate", json={**ASK, **more})
    assert refused(answer) == (501, "unsupported_by_vllm")
    assert what in answer.json()["error"]["message"]


def test_prompts_are_refused_as_the_engine_refuses_them(front: TestClient, vllm: Standin) -> None:
    assert refused(front.post("/v1/generate", json={**ASK, "prompt": "x" * 600})) == (
        400,
        "context_length_exceeded",
    )
    assert refused(front.post("/v1/generate", json={**ASK, "prompt": [99_999]})) == (400, "invalid_request")
    assert refused(front.post("/v1/generate", json={**ASK, "temperature": 9})) == (400, "invalid_request")
    assert vllm.asked == []


def test_an_answer_that_breaks_off_is_no_answer(front: TestClient, vllm: Standin) -> None:
    vllm.break_after = 2
    kinds = events(front.post("/v1/generate", json=ASK))
    assert [kind for kind, _ in kinds] == ["token", "token", "error"]
    assert kinds[-1][1]["error"]["type"] == "server_error"
    vllm.break_after = 0
    assert refused(front.post("/v1/generate", json=ASK))[0] in (502, 503)
    vllm.stop()
    assert refused(front.post("/v1/generate", json=ASK)) == (503, "backend_unavailable")
    assert refused(front.get("/health")) == (503, "backend_unavailable")


def test_an_engine_beside_it_does_the_rest(vllm: Standin, models: Path, state: Path, engine: Engine) -> None:
    beside = str(engine.http.base_url)
    with TestClient(create_app(config(vllm, models, state, beside=beside))) as front:
        texts = {"texts": ["a question"]}
        assert front.post("/v1/embed", json=texts).json() == engine.post("/v1/embed", texts)[1]
        assert refused(front.post("/v1/retrieval/search", json={"keys": ["9@9"], "query": "a"})) == (
            404,
            "retrieval_index_not_found",
        )
        listed = front.get("/v1/jobs")
        assert listed.json() == engine.get("/v1/jobs")[1]
        tools = {**ASK, "maxTokens": 8, "format": {"tools": [{"name": "send"}], "choice": "required"}}
        done(front.post("/v1/generate", json=tools))
        assert vllm.asked == []
        done(front.post("/v1/generate", json=ASK))
        assert len(vllm.asked) == 1


def test_a_caller_who_leaves_frees_vllm(vllm: Standin, models: Path, state: Path) -> None:
    async def leave() -> None:
        front = Front(config(vllm, models, state))
        vllm.is_waiting.set()
        stream = await front.generate(GenerateBody.model_validate(ASK))
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        await front.vllm.close()

    asyncio.run(leave())
    for _ in range(500):
        if vllm.left:
            break
        time.sleep(0.01)
    vllm.is_waiting.clear()
    assert vllm.left == 1
