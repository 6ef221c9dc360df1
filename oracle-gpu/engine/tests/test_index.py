"""An index is built in bounded memory, goes on after a kill, and is refused when it is not what was built."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from openlora.adapters.store import AdapterStore, write_adapter
from openlora.attribution import gradient_file, mixing, projection, scan, wide
from openlora.attribution.gradients import Slice, loss_gradients, make_slices
from openlora.attribution.index import INDEX, PROJECTION, ROWS, AttributionIndex, build_index
from openlora.attribution.query import Attributor, rank
from openlora.attribution.spans import build_spans
from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_base, load_tokenizer
from openlora.ops.lora import LoraPair
from openlora.train.examples import Example
from openlora.train.rows import make_examples

from .conftest import Json, record

CPU = torch.device("cpu")
CHECKPOINT = "0x" + "ab" * 32
COUNT = 24
Weights = dict[str, LoraPair]


@pytest.fixture(scope="module")
def base(base_path: Path) -> BaseModel:
    return load_base(base_path, torch.float32, CPU, "eager")


@pytest.fixture(scope="module")
def weights(base: BaseModel) -> Weights:
    generator = torch.Generator().manual_seed(3)
    made = {}
    for name in sorted(base.switch.layers):
        layer = base.model.get_submodule(name).base
        a = torch.randn(4, layer.in_features, generator=generator) * 0.1
        made[name] = LoraPair(a, torch.randn(layer.out_features, 4, generator=generator) * 0.1, 2.0)
    return made


@pytest.fixture(scope="module")
def examples(base_path: Path) -> list[Example]:
    return make_examples(load_tokenizer(base_path), [record(i) for i in range(COUNT + 4)], 128)


Build = Callable[..., Json]


@pytest.fixture
def build(base: BaseModel, weights: Weights, examples: list[Example], tmp_path: Path) -> Build:
    def run(name: str = "index", **changes: object) -> Json:
        given = {
            "folder": tmp_path / name,
            "base": base,
            "weights": weights,
            "checkpoint": CHECKPOINT,
            "train": examples[:COUNT],
            "held_out": examples[COUNT:],
            "divisor": 40.0,
            "progress": lambda *_: None,
            **changes,
        }
        return build_index(**given)  # type: ignore[arg-type]

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def gauss_newton(gradients: np.ndarray, slices: list[Slice], query: np.ndarray) -> np.ndarray:
    """Preconditioned products with all records, in full space: float64 [n]."""
    found = np.zeros(len(gradients))
    for piece in slices:
        block = gradients[:, piece.start : piece.end].astype(np.float64)
        mean = np.linalg.eigvalsh(block @ block.T).mean()
        matrix = block.T @ block + projection.DAMPING * mean * np.eye(block.shape[1])
        found += block @ np.linalg.solve(matrix, query[piece.start : piece.end])
    return found


def test_mixing_keeps_every_inner_product_and_spreads_evenly() -> None:
    vectors = np.random.default_rng(0).standard_normal((6, 100)).astype(np.float32)
    vectors[0] = np.eye(100)[3]  # all in one component, where int8 would keep nothing else
    assert mixing.mixed_size(100, 65_536) == 128
    mixed = mixing.mix(vectors, 128, 7)
    np.testing.assert_allclose(mixed @ mixed.T, vectors @ vectors.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.abs(mixed[0]), 128**-0.5, rtol=1e-5)
    np.testing.assert_array_equal(mixing.mix(vectors[2:3], 128, 7), mixed[2:3])
    assert not np.allclose(mixing.mix(vectors, 128, 8), mixed)


def test_fewer_components_keep_inner_products_on_average() -> None:
    vectors = np.random.default_rng(0).standard_normal((2, 1_000)).astype(np.float32)
    found = [a @ b for a, b in (mixing.mix(vectors, 256, seed) for seed in range(300))]
    norms = float(np.prod(np.linalg.norm(vectors, axis=1)))
    assert abs(np.mean(found) - vectors[0] @ vectors[1]) < 4 * norms / 16 / 300**0.5


def test_with_every_record_a_landmark_rows_are_gauss_newtons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "DAMPING", 1.0)
    gradients = np.random.default_rng(1).standard_normal((30, 70)).astype(np.float32)
    gradients[:, :40] *= 5
    slices = [Slice("a", "B", 0, 40), Slice("b", "B", 40, 60), Slice("c", "B", 60, 70)]
    gradients[:, 60:] = 0  # a tensor that no record touches
    rows = np.empty_like(gradients)
    wide.precondition(gradients, slices, 5, rows)
    query = np.random.default_rng(2).standard_normal(70)
    query[60:] = 0
    expected = gauss_newton(gradients, slices[:2], query)
    np.testing.assert_allclose(rows @ query, expected, rtol=1e-3, atol=1e-4)
    monkeypatch.setattr(wide, "BLOCK_VALUES", 100)  # a few rows at a time
    again = np.empty_like(gradients)
    wide.precondition(gradients, slices, 5, again)
    np.testing.assert_allclose(again, rows, rtol=1e-4, atol=1e-6)
    half = np.empty_like(gradients)
    wide.precondition(gradients, slices, 5, half, landmarks=15)
    assert np.corrcoef(half @ query, expected)[0, 1] > 0.9


def test_a_mixed_index_ranks_as_full_space_does(
    build: Build, base: BaseModel, weights: Weights, examples: list[Example], tmp_path: Path
) -> None:
    head = build(lossless=COUNT - 1)
    index = AttributionIndex(tmp_path / "index")
    assert not (tmp_path / "index" / PROJECTION).exists()
    slices = make_slices(weights, index.tensors)
    assert head["k"] == index.k == mixing.mixed_size(slices[-1].end, 65_536)
    _, raw = loss_gradients(base, weights, slices, examples, 40.0)
    gradients = raw.numpy()
    for place in (0, 5, COUNT + 1):
        query = projection.quantise_query(index.project(gradients[place]))
        found = scan.totals(scan.scores(index.rows, query))
        assert np.corrcoef(found, gauss_newton(gradients[:COUNT], slices, gradients[place]))[0, 1] > 0.98
        if place < COUNT:
            assert found.argmax() == place


@pytest.mark.parametrize("lossless", [COUNT, COUNT - 1])
def test_a_build_that_was_killed_goes_on_and_ends_the_same(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lossless: int
) -> None:
    monkeypatch.setattr(gradient_file, "SAVED_EVERY", 1)
    whole = build("whole", lossless=lossless)
    seen: list[int] = []

    class Killed(BaseException):
        pass

    def kill(done: int, _: int) -> None:
        if done == 16:
            raise Killed

    with pytest.raises(Killed):
        build("cut", lossless=lossless, progress=kill)
    with pytest.raises(EngineError, match="index"):
        AttributionIndex(tmp_path / "cut")
    assert build("cut", lossless=lossless, progress=lambda done, _: seen.append(done)) == whole
    assert seen[0] == 16
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_gradients_of_other_records_are_not_gone_on_with(
    build: Build, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient_file, "SAVED_EVERY", 1)

    def fail(done: int, _: int) -> None:
        if done == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(progress=fail)
    seen: list[int] = []
    others = examples[2 : COUNT + 2]
    build(train=others, held_out=[], progress=lambda done, _: seen.append(done))
    assert seen[0] == 0
    assert AttributionIndex(tmp_path / "index").leaves[0].record_id == others[0].record_id


def test_a_gradient_that_is_no_number_never_becomes_a_row(
    build: Build, weights: Weights, examples: list[Example], tmp_path: Path
) -> None:
    name = next(iter(weights))
    broken = {**weights, name: replace(weights[name], b=torch.full_like(weights[name].b, torch.inf))}
    with pytest.raises(EngineError) as caught:
        build(weights=broken)
    assert caught.value.code == "bad_gradient"
    assert caught.value.detail["recordId"] in {example.record_id for example in examples}
    assert caught.value.detail["recordId"] in caught.value.message
    assert not (tmp_path / "index" / INDEX).exists()


@pytest.mark.parametrize("lossless", [COUNT, COUNT - 1])
def test_an_index_that_no_gradient_reached_is_refused(build: Build, weights: Weights, lossless: int) -> None:
    blind = {
        name: replace(pair, a=torch.zeros_like(pair.a), b=torch.zeros_like(pair.b))
        for name, pair in weights.items()
    }
    with pytest.raises(EngineError) as caught:
        build(weights=blind, lossless=lossless)
    assert caught.value.code == "no_gradients"


@pytest.mark.parametrize("lossless", [COUNT, COUNT - 1])
def test_a_record_of_one_token_has_a_row_of_nothing(
    build: Build, examples: list[Example], tmp_path: Path, lossless: int
) -> None:
    single = replace(examples[0], record_id="0x" + "1" * 64, tokens=[5], trained=[True])
    build(train=[single, *examples[1:COUNT]], lossless=lossless)
    index = AttributionIndex(tmp_path / "index")
    assert not index.rows[0].any()
    assert all(row.any() for row in index.rows[1:])
    partials = scan.scores(index.rows, np.asarray(index.rows[3]))
    assert single.record_id not in {x["recordId"] for x in rank(index.leaves, partials, 0, 32)}


@pytest.mark.parametrize("lossless", [COUNT, COUNT - 1])
def test_a_damaged_index_is_refused(build: Build, tmp_path: Path, lossless: int) -> None:
    build(lossless=lossless)
    folder = tmp_path / "index"
    AttributionIndex(folder)
    good = files(folder)
    head = json.loads(good[INDEX])
    damages = [
        (ROWS, good[ROWS][:-1]),
        (ROWS, good[ROWS] + b"\0"),
        (ROWS, bytes([good[ROWS][0] ^ 1]) + good[ROWS][1:]),
        (ROWS, None),
        (INDEX, good[INDEX][:-10]),
        (INDEX, json.dumps({**head, "seed": "0x" + "00" * 32, "projectionHash": "0x"}).encode()),
        (INDEX, json.dumps({**head, "k": head["k"] * 2}).encode()),
        (INDEX, json.dumps({**head, "leaves": head["leaves"][1:]}).encode()),
    ]
    if PROJECTION in good:
        damages += [(PROJECTION, good[PROJECTION][:-4]), (PROJECTION, good[PROJECTION][4:] + b"abcd")]
    for name, content in damages:
        (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
        with pytest.raises(EngineError) as caught:
            AttributionIndex(folder)
        assert (caught.value.status, caught.value.code) == (409, "index_tampered")
        (folder / name).write_bytes(good[name])
    AttributionIndex(folder)


def test_revoked_records_are_listed_nowhere(
    build: Build, base: BaseModel, weights: Weights, examples: list[Example], tmp_path: Path
) -> None:
    """And what cannot be a query is refused."""
    parts = {"A": "a", "B": "b"}
    tensors = {
        f"base_model.model.{layer}.lora_{part}.weight": getattr(pair, name)
        for layer, pair in weights.items()
        for part, name in parts.items()
    }
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": "tiny"}
    store = AdapterStore(tmp_path / "store")
    work = store.workspace()
    checkpoint = write_adapter(work / "checkpoint", tensors, config)
    adapter = write_adapter(work, tensors, config)
    build(folder=work / "index", checkpoint=checkpoint)
    build_spans(work / "spans", [example.tokens for example in examples[:COUNT]], 259)
    assert store.put(work) == adapter
    attributor = Attributor(lambda: base, store, {0, 1, 2})
    asked = examples[3]
    start = asked.trained.index(True)
    prompt, answer = asked.tokens[:start], asked.tokens[start:]
    before = attributor.attribute(adapter, prompt, answer, 32)
    assert before["records"][0]["recordId"] == asked.record_id
    after = attributor.attribute(adapter, prompt, answer, 32, frozenset({asked.record_id}))
    assert after["records"] == before["records"][1:]
    assert after["query"] == before["query"]
    everything = frozenset(example.record_id for example in examples)
    none = attributor.attribute(adapter, prompt, answer, 32, everything)
    assert (none["records"], none["spans"]) == ([], [])
