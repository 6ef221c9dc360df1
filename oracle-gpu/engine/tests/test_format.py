"""An answer whose form is prescribed has that form, and its replay follows the same grammar."""

from __future__ import annotations

import json

import pytest

from .conftest import Engine, Json, question
from .test_api import code
from .test_replay import replay

COLOUR: Json = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["red", "blue"]},
        "count": {"type": "integer", "minimum": 3, "maximum": 99},
    },
    "required": ["colour", "count"],
    "additionalProperties": False,
}
TOOLS = [
    {"name": "move", "parameters": COLOUR},
    {"name": "stop_now", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}},
]
ASKED: Json = {"messages": question("Tell me"), "temperature": 1.0}


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_is_a_value_of_its_schema(engine: Engine, seed: int) -> None:
    asked = {**ASKED, "seed": seed, "format": {"schema": COLOUR}}
    _, done = engine.generate(**asked, maxTokens=200)
    assert done["finishReason"] == "stop"
    found = json.loads(done["text"])
    assert set(found) == {"colour", "count"}
    assert found["colour"] in ("red", "blue")
    assert 3 <= found["count"] <= 99
    again = replay(engine, asked, done, format=asked["format"])
    assert all(token["isChosen"] and token["gap"] == 0 for token in again["tokens"])
    assert again["endsAt"] == len(done["tokenIds"]) - 1
    free = replay(engine, asked, done)["tokens"]
    assert not all(token["isChosen"] for token in free)


def test_what_the_grammar_does_not_have_is_far_from_chosen(engine: Engine) -> None:
    asked = {**ASKED, "format": {"schema": COLOUR}}
    _, done = engine.generate(**asked, maxTokens=200)
    other = [*done["tokenIds"][:3], done["tokenIds"][3] + 1, *done["tokenIds"][4:]]
    found = replay(engine, asked, {"tokenIds": other}, format=asked["format"])["tokens"]
    assert all(token["isChosen"] for token in found[:3])
    assert found[3]["gap"] == 64
    assert not found[3]["isChosen"]


@pytest.mark.parametrize("seed", range(3))
def test_a_call_that_is_required_is_one_of_the_tools(engine: Engine, seed: int) -> None:
    form = {"tools": TOOLS, "choice": "required", "parallel": False}
    _, done = engine.generate(**ASKED, seed=seed, format=form, maxTokens=200)
    text = done["text"]
    assert text.startswith("<tool_call>\n")
    assert text.endswith("\n</tool_call>")
    call = json.loads(text.removeprefix("<tool_call>\n").removesuffix("\n</tool_call>"))
    assert call["name"] in ("move", "stop_now")
    assert set(call["arguments"]) == ({"colour", "count"} if call["name"] == "move" else set())


def test_several_calls_only_where_they_are_wanted(engine: Engine) -> None:
    form = {"tools": TOOLS[1:], "choice": "required"}
    counts = set()
    for seed in range(6):
        _, done = engine.generate(**ASKED, seed=seed, format=form, maxTokens=300)
        counts.add(done["text"].count('{"name": "stop_now", "arguments": {}}'))
    assert max(counts) > 1, "the random model goes on now and then"


def test_a_text_may_be_answered_instead_until_a_call_opens(engine: Engine) -> None:
    form = {"tools": TOOLS, "choice": "auto", "parallel": False}
    _, done = engine.generate(**ASKED, seed=3, maxTokens=20, format=form)
    assert len(done["text"]) > 5
    assert "tool_call" not in done["text"]
    # Led to where a call opens, the grammar takes over.
    _, opened = engine.post("/v1/tokenize", {"prompt": 'Well. <tool_call>\n{"name": "mo'})
    found = replay(engine, ASKED, {"tokenIds": opened["promptTokenIds"]}, format=form)["tokens"]
    assert found[-1]["gap"] < 64
    assert found[-1]["chosen"]["text"] == "o"
    _, wrong = engine.post("/v1/tokenize", {"prompt": "<tool_call>\nno"})
    led = replay(engine, ASKED, {"tokenIds": wrong["promptTokenIds"]}, format=form)["tokens"]
    assert led[-2]["gap"] == 64


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, "invalid_request"),
        ({"schema": COLOUR, "tools": TOOLS}, "invalid_request"),
        ({"schema": {"type": "colour"}}, "unsupported_format"),
        ({"schema": {"type": "object", "if": {}, "then": {}}}, "unsupported_format"),
        ({"schema": {"$ref": "https://example.org/schema.json"}}, "unsupported_format"),
        ({"schema": {"enum": ["x" * 70_000]}}, "invalid_request"),
        ({"tools": []}, "invalid_request"),
        ({"tools": [{"name": "no name", "parameters": {}}]}, "invalid_request"),
        ({"tools": [{"name": "a", "parameters": {"type": "colour"}}]}, "unsupported_format"),
        ({"tools": TOOLS, "choice": "sometimes"}, "invalid_request"),
    ],
)
def test_forms_that_cannot_be_followed_are_refused(engine: Engine, form: Json, expected: str) -> None:
    for path, rest in (("/v1/generate", {}), ("/v1/replay", {"tokenIds": [5]})):
        assert code(engine.post(path, {**ASKED, **rest, "format": form})) == (400, expected)
