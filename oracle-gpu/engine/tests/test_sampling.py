"""Every setting changes the choice as it says, and a replay makes the same choice again."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
import torch

from openlora.engine.chooser import Chooser
from openlora.engine.sampler import FAR, Race
from openlora.engine.sampling import Sampling

from .conftest import Engine, Json, question
from .test_api import code
from .test_replay import replay

LOGITS = torch.tensor([1.0, 3.0, 2.0, -1.0])


def drawn(count: int = 300, prompt: list[int] | None = None, **settings: Any) -> Counter[int]:
    """What is chosen, each time anew."""
    found = (Chooser(Sampling(seed=seed, **settings), prompt or []).choose(LOGITS) for seed in range(count))
    return Counter(found)


def test_filters_keep_what_they_say() -> None:
    assert set(drawn(temperature=2.0)) == {0, 1, 2, 3}
    assert set(drawn(temperature=2.0, top_k=2)) == {1, 2}
    assert set(drawn(temperature=2.0, top_k=1)) == {1}
    # At temperature 1 the others have e⁻¹, e⁻² and e⁻⁴ of the best one's probability.
    assert set(drawn(temperature=1.0, min_p=0.3)) == {1, 2}
    assert set(drawn(temperature=1.0, min_p=0.1)) == {0, 1, 2}
    assert set(drawn(temperature=1.0, min_p=1.0)) == {1}
    assert set(drawn(temperature=1.0, top_k=3, min_p=0.3, top_p=0.6)) == {1}


def test_penalties_and_bias_move_logits_by_what_they_say() -> None:
    def answer(length: int, prompt: list[int] | None = None, **settings: Any) -> list[int]:
        chooser = Chooser(Sampling(**settings), prompt or [])
        return [chooser.choose(LOGITS) for _ in range(length)]

    assert answer(3) == [1, 1, 1]
    assert answer(2, logit_bias={3: 4.5}) == [3, 3]
    assert answer(2, logit_bias={1: -100}) == [2, 2]
    assert answer(4, frequency_penalty=0.75) == [1, 1, 2, 1], "3, 2.25, 1.5 < 2, then 2 − 0.75 < 1.5"
    assert answer(3, presence_penalty=1.5) == [1, 2, 1], "3 − 1.5 < 2, then 2 − 1.5 < 1.5"
    assert answer(2, prompt=[1], repetition_penalty=2.0) == [2, 1], "1.5 < 2, then 2 ÷ 2 < 1.5"
    below = Chooser(Sampling(repetition_penalty=10.0), [0])
    assert below.choose(torch.tensor([-0.1, -0.5])) == 1, "below 0 it multiplies: −1 < −0.5"


@pytest.mark.parametrize(
    ("top_p", "top_k", "min_p"), [(1.0, 3, 0.0), (1.0, 0, 0.2), (0.8, 4, 0.1), (1.0, 1, 0.0), (0.9, 0, 0.5)]
)
def test_logits_that_change_by_less_than_the_gap_never_give_the_token(
    top_p: float, top_k: int, min_p: float
) -> None:
    noise = torch.Generator().manual_seed(1)

    def race(logits: torch.Tensor, seed: int) -> Race:
        return Race.run(logits, 0.9, top_p, torch.Generator().manual_seed(seed), top_k, min_p)

    reached = 0
    for seed in range(12):
        logits = torch.randn(10, generator=noise)
        first = race(logits, seed)
        for token in range(10):
            gap = first.gap(token)
            assert (gap == 0) == (first.winner == token)
            wins = False
            for trial in range(12):
                signs = torch.randint(0, 1 if trial == 0 else 2, (10,), generator=noise) - 0.5
                signs[token] = 0.5
                assert gap == 0 or race(logits + 0.999 * signs * gap, seed).winner != token
                wins |= race(logits + 1.001 * signs * gap, seed).winner == token
            reached += wins
    assert reached >= 12 * 10 * 0.15, "often hardly more is enough"


def test_what_can_never_be_drawn_is_far() -> None:
    logits = LOGITS.clone()
    logits[0] = -math.inf
    race = Race.run(logits, 0.5, 0.9, torch.Generator().manual_seed(3), top_k=2)
    assert race.winner != 0
    assert race.gap(0) == FAR


def test_a_judge_led_elsewhere_stays_in_step() -> None:
    settings = Sampling(temperature=1.0, seed=4, presence_penalty=1.0, top_k=3)
    noise = [torch.randn(4, generator=torch.Generator().manual_seed(seed)) for seed in range(20)]
    honest = Chooser(settings, [])
    tokens = [honest.choose(logits) for logits in noise]
    judge = Chooser(settings, [])
    assert [judge.judge(logits, token).chosen for logits, token in zip(noise, tokens, strict=True)] == tokens
    # One token replaced: the one before the change and the count of random numbers stay as they were.
    other = [*tokens[:7], (tokens[7] + 1) % 4, *tokens[8:]]
    judge = Chooser(settings, [])
    found = [judge.judge(logits, token) for logits, token in zip(noise, other, strict=True)]
    assert [one.chosen for one in found[:8]] == tokens[:8]
    assert found[7].gap > 0


SETTINGS: list[Json] = [
    {"topK": 5},
    {"minP": 0.2},
    {"presencePenalty": 1.5, "frequencyPenalty": 0.5},
    {"repetitionPenalty": 1.3},
    {"logitBias": {"70": 6.5, "71": -100}},
    {"topK": 20, "minP": 0.01, "topP": 0.9, "frequencyPenalty": -1.0, "logitBias": {"9": 2}},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_replay_with_the_settings_agrees_and_without_them_does_not(
    engine: Engine, settings: Json, temperature: float
) -> None:
    if temperature == 0 and set(settings) <= {"topK", "minP"}:
        return  # they leave the likeliest token alone
    asked = {"messages": question("Tell me"), "temperature": temperature, "seed": 6}
    _, done = engine.generate(**asked, **settings, maxTokens=40)
    found = replay(engine, asked, done, **settings)["tokens"]
    assert all(token["isChosen"] and token["gap"] == 0 for token in found)
    without = replay(engine, asked, done)["tokens"]
    assert not all(token["isChosen"] for token in without)


def test_logprobs_are_the_models_own(engine: Engine) -> None:
    asked = {"messages": question("Tell me"), "temperature": 1.0, "seed": 6, "logitBias": {"70": 4}}
    tokens, done = engine.generate(**asked, maxTokens=12, logprobs=3)
    told = [token["logprobs"] for token in tokens]
    replayed = replay(engine, asked, done)["tokens"]
    for one, again in zip(told, replayed, strict=True):
        assert one["tokenId"] == again["tokenId"]
        assert one["logprob"] == pytest.approx(again["logprob"], abs=1e-3)
        assert [other["logprob"] for other in one["top"]] == sorted(
            (other["logprob"] for other in one["top"]), reverse=True
        )
        assert len(one["top"]) == 3
    assert b"".join(bytes(one["bytes"] or []) for one in told).decode(errors="replace") == done["text"]
    assert "logprobs" not in engine.generate(**asked, maxTokens=2)[0][0]


def test_a_text_is_scored_token_by_token(engine: Engine) -> None:
    status, scored = engine.post("/v1/score", {"prompt": "What is 7?", "logprobs": 2})
    assert status == 200
    ids = scored["promptTokenIds"]
    first, *others = scored["tokens"]
    assert (first["logprob"], first["top"]) == (None, [])
    assert [one["tokenId"] for one in scored["tokens"]] == ids
    assert "".join(one["token"] for one in scored["tokens"]) == "What is 7?"
    again = replay(engine, {}, {"tokenIds": ids[1:]}, promptTokenIds=ids[:1])["tokens"]
    for one, other in zip(others, again, strict=True):
        assert one["logprob"] == pytest.approx(other["logprob"], abs=1e-3)
    assert engine.post("/v1/score", {"prompt": ids, "logprobs": 2})[1] == scored
    assert code(engine.post("/v1/score", {"prompt": ""})) == (400, "empty_prompt")
    assert code(engine.post("/v1/score", {"prompt": [100_000]})) == (400, "invalid_request")
    assert code(engine.post("/v1/score", {"prompt": "x" * 600})) == (400, "context_length_exceeded")


def test_a_text_is_continued_as_it_stands(engine: Engine) -> None:
    _, done = engine.generate(prompt="What is 7?", maxTokens=5)
    _, counted = engine.post("/v1/tokenize", {"prompt": "What is 7?"})
    assert done["promptTokenIds"] == counted["promptTokenIds"] == [*counted["promptTokenIds"]]
    assert engine.generate(prompt=counted["promptTokenIds"], maxTokens=5)[1] == done
    found = replay(engine, {}, done, prompt="What is 7?")
    assert all(token["isChosen"] for token in found["tokens"])
    assert code(engine.post("/v1/generate", {"prompt": "x" * 512})) == (400, "context_length_exceeded")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 1e300}, "temperature"),
        ({"topP": 0}, "topP"),
        ({"topK": -1}, "topK"),
        ({"minP": 1.5}, "minP"),
        ({"presencePenalty": 3}, "presencePenalty"),
        ({"frequencyPenalty": -2.5}, "frequencyPenalty"),
        ({"repetitionPenalty": 0}, "repetitionPenalty"),
        ({"logitBias": {"70": 101}}, "logitBias.70"),
        ({"logitBias": {"seven": 1}}, "logitBias"),
        ({"logprobs": 21}, "logprobs"),
        ({"seed": -1}, "seed"),
        ({"prompt": "both"}, "body"),
        ({"mirostat": 2}, "mirostat"),
    ],
)
def test_absurd_settings_are_refused_by_name(engine: Engine, wrong: Json, field: str) -> None:
    body = {"messages": question("hi"), **wrong}
    status, answered = engine.post("/v1/generate", body)
    assert code((status, answered)) == (400, "invalid_request")
    assert answered["error"]["field"] == field


def test_a_bias_of_a_token_that_is_none_is_refused(engine: Engine) -> None:
    body = {"messages": question("hi"), "logitBias": {"100000": 1}}
    assert code(engine.post("/v1/generate", body)) == (400, "invalid_request")
