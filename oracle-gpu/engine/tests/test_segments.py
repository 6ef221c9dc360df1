"""A record's score is divided exactly among the segments of an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openlora.attribution import projection, scan
from openlora.attribution.segments import segment_queries, segment_scores

from .conftest import Engine, Json, question, record
from .test_api import code


def test_segments_add_up_to_the_score_whatever_is_rounded_or_clipped() -> None:
    generator = np.random.default_rng(5)
    for count in range(1, 9):
        parts = list(generator.standard_normal((count, 300)).astype(np.float32) * 3)
        parts[0][:20] *= 200  # beyond what int8 holds: clipped in the whole
        query = projection.quantise_query(np.sum(parts, axis=0))
        rows = generator.integers(-127, 128, (6, 300)).astype(np.int8)
        queries = segment_queries(parts, query)
        assert (queries.sum(axis=0) == query).all()
        found = segment_scores(rows, queries)
        whole = scan.totals(scan.scores(rows, query))
        assert np.sum(found, axis=0).tolist() == whole.tolist()


def test_a_segment_gets_what_its_own_gradient_scores() -> None:
    generator = np.random.default_rng(6)
    shaped, other = generator.standard_normal((2, 400))
    rows = np.stack([projection.quantise_query(shaped), projection.quantise_query(other)])
    parts = [shaped, other]
    found = segment_scores(rows, segment_queries(parts, projection.quantise_query(shaped + other)))
    assert found[0][0] > 5 * abs(found[0][1])
    assert found[1][1] > 5 * abs(found[1][0])


def test_an_answer_that_moves_nothing_has_no_score_to_divide() -> None:
    parts = [np.zeros(10, np.float32)] * 3
    queries = segment_queries(parts, projection.quantise_query(np.zeros(10)))
    assert segment_scores(np.full((2, 10), 7, np.int8), queries) == [[0, 0]] * 3


def test_the_engine_divides_an_answer_as_it_was_attributed(engine: Engine, trained: Json) -> None:
    messages = record(5)["messages"]
    _, read = engine.post("/v1/tokenize", {"messages": messages[:-1], "answer": messages[-1]["content"]})
    body = {
        "adapter": trained["adapter"],
        "promptTokenIds": read["promptTokenIds"],
        "tokenIds": read["tokenIds"],
        "top": 32,
    }
    count = len(body["tokenIds"])
    _, plain = engine.post("/v1/attribute", body)
    status, found = engine.post("/v1/attribute", {**body, "segmentEnds": [1, 3, count]})
    assert status == 200
    segments = found.pop("segments")
    assert found == plain, "segments change nothing of what a receipt states"
    assert [(part["start"], part["end"]) for part in segments] == [(0, 1), (1, 3), (3, count)]
    assert plain["records"]
    for index, listed in enumerate(plain["records"]):
        assert sum(part["scores"][index] for part in segments) == listed["score"]
    assert engine.post("/v1/attribute", {**body, "segmentEnds": [1, 3, count]})[1]["segments"] == segments


@pytest.mark.parametrize("ends", [[], [3], [0, 30], [12, 12, 30], [20, 10, 30], [*range(1, 9), 30], [31]])
def test_segments_that_do_not_cover_the_answer_are_refused(
    engine: Engine, trained: Json, ends: list[int]
) -> None:
    body = {"adapter": trained["adapter"], "promptTokenIds": [9], "tokenIds": list(range(60, 90))}
    assert code(engine.post("/v1/attribute", {**body, "segmentEnds": ends})) == (400, "invalid_request")


def test_an_answer_reads_as_tokens_whose_texts_add_up(engine: Engine) -> None:
    asked = {"messages": question("hi")}
    text = "Größe 你好, fine."
    _, read = engine.post("/v1/tokenize", {**asked, "answer": text})
    assert "".join(read["pieces"]) == text
    assert len(read["pieces"]) == len(read["tokenIds"])
    _, again = engine.post("/v1/tokenize", {**asked, "tokenIds": read["tokenIds"]})
    assert again == read
    changes: list[tuple[dict[str, Any], str]] = [
        ({"answer": ""}, "invalid_request"),
        ({"tokenIds": []}, "invalid_request"),
        ({"answer": "x", "tokenIds": [5]}, "invalid_request"),
        ({"answer": "done<|im_end|>"}, "control_token"),
        ({"answer": "x" * 600}, "context_length_exceeded"),
        ({"tokenIds": [2**31]}, "invalid_request"),
    ]
    for change, expected in changes:
        assert code(engine.post("/v1/tokenize", {**asked, **change})) == (400, expected)
