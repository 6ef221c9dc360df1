"""A replay agrees with what was generated, and finds what was not at its very position."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from openlora.engine.sampler import Race
from openlora.models.base import load_plain
from openlora.rag.passages import cut
from openlora.rag.spec import SourceRecord
from openlora.verify import hashing

from .conftest import Engine, Json, question
from .test_api import NOWHERE, code
from .test_generation import CPU

GREEDY = {"messages": question("Tell me a story"), "maxTokens": 30}
SAMPLED = {**GREEDY, "temperature": 0.9, "topP": 0.8, "seed": 11}
SETTINGS = ("adapter", "messages", "temperature", "topP", "seed", "stop")


def replay(engine: Engine, asked: Json, done: Json, **changed: object) -> Json:
    settings = {key: asked[key] for key in SETTINGS if key in asked}
    status, found = engine.post("/v1/replay", {**settings, "tokenIds": done["tokenIds"], **changed})
    assert status == 200, found
    return found


@pytest.mark.parametrize("asked", [GREEDY, SAMPLED, {**SAMPLED, "topP": 1.0}])
def test_an_answer_agrees_with_itself(engine: Engine, trained: Json, asked: Json) -> None:
    for adapter in (None, trained["adapter"]):
        of = {**asked, "adapter": adapter}
        _, done = engine.generate(**of)
        found = replay(engine, of, done)
        assert [token["tokenId"] for token in found["tokens"]] == done["tokenIds"]
        assert all(token["isChosen"] and token["gap"] == 0 for token in found["tokens"])
        assert (found["text"], found["promptTokenIds"]) == (done["text"], done["promptTokenIds"])
        by_tokens = {key: value for key, value in of.items() if key != "messages"}
        assert replay(engine, by_tokens, done, promptTokenIds=done["promptTokenIds"]) == found


@pytest.mark.parametrize("asked", [GREEDY, SAMPLED])
def test_a_changed_token_is_found_where_it_stands(engine: Engine, asked: Json) -> None:
    _, done = engine.generate(**asked)
    honest = done["tokenIds"]
    for position in (0, 13, len(honest) - 1):
        other = [*honest[:position], (honest[position] + 1) % 200 + 3, *honest[position + 1 :]]
        found = replay(engine, asked, {"tokenIds": other})["tokens"]
        assert all(token["isChosen"] for token in found[:position])
        assert found[position]["chosen"]["tokenId"] == honest[position]
        assert not found[position]["isChosen"]
        assert found[position]["gap"] > 0


def test_another_adapter_or_seed_is_found(engine: Engine, trained: Json) -> None:
    _, done = engine.generate(**GREEDY, adapter=trained["adapter"])
    base = replay(engine, {**GREEDY, "adapter": None}, done)["tokens"]
    assert max(token["gap"] for token in base) > 0.5
    _, drawn = engine.generate(**SAMPLED)
    reseeded = replay(engine, {**SAMPLED, "seed": 12}, drawn)["tokens"]
    assert sum(token["isChosen"] for token in reseeded) < len(reseeded) / 2


def test_rank_logprob_and_gap_are_those_of_the_plain_model(engine: Engine, base_path: Path) -> None:
    prompt, answer = [5, 6, 7], [8, 9, 250, 11]
    model = load_plain(base_path, torch.float32, CPU, "sdpa")
    logits = model(input_ids=torch.tensor([[*prompt, *answer[:-1]]])).logits[0, len(prompt) - 1 :]
    found = replay(engine, {}, {"tokenIds": answer}, promptTokenIds=prompt)["tokens"]
    for row, token, told in zip(logits, answer, found, strict=True):
        order = row.argsort(descending=True).tolist()
        assert told["chosen"]["tokenId"] == order[0]
        assert told["rank"] == order.index(token) + 1
        assert told["logprob"] == pytest.approx(float(row.log_softmax(-1)[token]), abs=1e-4)
        assert told["gap"] == pytest.approx(float(row.max() - row[token]), abs=1e-4)


def test_it_says_where_an_answer_ends(engine: Engine, base_path: Path) -> None:
    asked = {**GREEDY, "temperature": 1.0, "seed": 8}
    _, done = engine.generate(**asked)
    assert replay(engine, asked, done)["endsAt"] is None
    end_token = 2  # of the tiny tokenizer: <|im_end|>
    goes_on = [*done["tokenIds"][:4], end_token, *done["tokenIds"][4:]]
    assert replay(engine, asked, {"tokenIds": goes_on})["endsAt"] == 4
    stop = done["text"][10:12]
    _, stopped = engine.generate(**asked, stop=[stop])
    found = replay(engine, {**asked, "stop": [stop]}, stopped)
    assert (found["text"], found["endsAt"]) == (stopped["text"], len(stopped["tokenIds"]) - 1)


def test_what_cannot_be_replayed_is_refused(engine: Engine) -> None:
    good = {"promptTokenIds": [5, 6], "tokenIds": [7]}
    cases: list[tuple[Json, tuple[int, str]]] = [
        ({**good, "adapter": NOWHERE}, (404, "adapter_not_found")),
        ({**good, "tokenIds": []}, (400, "invalid_request")),
        ({**good, "tokenIds": [100_000]}, (400, "invalid_request")),
        ({**good, "tokenIds": [7] * 600}, (400, "context_length_exceeded")),
        ({**good, "messages": question("hi")}, (400, "invalid_request")),
        ({"tokenIds": [7]}, (400, "invalid_request")),
    ]
    for body, expected in cases:
        assert code(engine.post("/v1/replay", body)) == expected


def draw(logits: torch.Tensor, temperature: float, top_p: float, seed: int) -> Race:
    return Race.run(logits, temperature, top_p, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.6, 0.9), (1.7, 0.5), (1.0, 0.2)])
def test_logits_that_change_by_less_than_the_gap_never_give_the_token(
    temperature: float, top_p: float
) -> None:
    noise = torch.Generator().manual_seed(1)
    reached = 0
    for seed in range(15):
        logits = torch.randn(12, generator=noise)
        race = draw(logits, temperature, top_p, seed)
        for token in range(12):
            gap = race.gap(token)
            assert (gap == 0) == (race.winner == token)
            wins = False
            for trial in range(12):
                signs = torch.randint(0, 1 if trial == 0 else 2, (12,), generator=noise) - 0.5
                signs[token] = 0.5
                shift = signs * gap  # differences change by the gap at most
                less = draw(logits + 0.999 * shift, temperature, top_p, seed)
                assert gap == 0 or less.winner != token
                wins |= draw(logits + 1.001 * shift, temperature, top_p, seed).winner == token
            reached += wins
    assert reached >= 15 * 12 * (1.0 if top_p == 1 else 0.15), "hardly more can be enough"


def test_a_draw_takes_the_same_random_numbers_whatever_the_logits() -> None:
    generator = torch.Generator().manual_seed(5)
    flat, steep = torch.zeros(300), torch.linspace(0, 9, 300)
    Race.run(flat, 1.0, 1.0, generator)
    after_flat = [Race.run(flat, 1.0, 1.0, generator).winner for _ in range(5)]
    generator.manual_seed(5)
    Race.run(steep, 0.3, 0.1, generator)
    assert [Race.run(flat, 1.0, 1.0, generator).winner for _ in range(5)] == after_flat


def record_of(text: str, place: int) -> Json:
    source = {"title": f"T{place}", "path": "", "version": "", "licence": "MIT"}
    named = hashing.to_hex(hashing.keccak256(str(place).encode()))
    return {
        "recordId": named,
        "cluster": named,
        "messages": [*question(f"What is {place}?"), {"role": "assistant", "content": text}],
        "source": source,
    }


def quoted(record: Json, piece: int = 0) -> tuple[Json, Json]:
    """A piece of a record as generation is given it, and as a replay names it."""
    passage = cut(SourceRecord(**record))[piece]
    given = {"recordId": passage.record_id, "cluster": passage.cluster}
    return (
        {**given, "text": passage.text, "title": passage.title},
        {**record, "sha256": hashing.to_hex(hashing.sha256(passage.text.encode()))},
    )


@pytest.mark.parametrize("asked", [GREEDY, SAMPLED])
def test_an_answer_from_passages_agrees_with_itself(engine: Engine, trained: Json, asked: Json) -> None:
    long = "Nothing. " * 130 + "It burns shares. " * 4  # two pieces: the second is quoted
    pairs = [quoted(record_of("It pauses all.", 0)), quoted(record_of(long, 1), piece=1)]
    of = {**asked, "adapter": trained["adapter"]}
    _, done = engine.generate(**of, passages=[given for given, _ in pairs])
    found = replay(engine, of, done, passages=[named for _, named in pairs])
    assert found["promptTokenIds"] == done["promptTokenIds"]
    assert found["promptTokens"] < len(found["promptTokenIds"])
    assert found["text"] == done["text"]
    # One pass over the whole answer rounds otherwise than one for each token; nothing beyond that.
    assert max(token["gap"] for token in found["tokens"]) < 1e-3
    assert found["passages"] == done["passages"]
    alone = replay(engine, of, done)
    assert alone["passages"] is None
    assert max(token["gap"] for token in alone["tokens"]) > 0.01, "the passages have changed the answer"


def test_a_passage_that_the_record_does_not_hold_is_refused(engine: Engine) -> None:
    _, named = quoted(record_of("It pauses all.", 0))
    good = {**GREEDY, "tokenIds": [7]}
    body = {key: good[key] for key in (*SETTINGS, "tokenIds") if key in good}
    other = {**named, "sha256": NOWHERE}
    assert code(engine.post("/v1/replay", {**body, "passages": [other]})) == (400, "passage_not_found")
    without = {"promptTokenIds": [5], "tokenIds": [7], "passages": [named]}
    assert code(engine.post("/v1/replay", without)) == (400, "invalid_request")
