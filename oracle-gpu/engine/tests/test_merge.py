"""Merged adapters against dense computations, and against PEFT's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft.utils.merge_utils import ties as peft_ties
from safetensors.torch import load_file
from torch import Tensor

from openlora.adapters import merge
from openlora.adapters.merge import RECORD, Merge, Parent, Recipe, merge_adapters
from openlora.adapters.store import CONFIG, WEIGHTS, AdapterStore, read_adapter, write_adapter
from openlora.errors import EngineError

from .conftest import Engine, question

CPU = torch.device("cpu")
BASE = "0x" + "ba" * 32
SIZES = {"model.layers.0.q_proj": (12, 20), "model.layers.1.down_proj": (20, 16)}  # [out, in]


@pytest.fixture
def store(tmp_path: Path) -> AdapterStore:
    return AdapterStore(tmp_path / "store")


def make(
    store: AdapterStore, seed: int, rank: int = 3, layers: Any = SIZES, base: str = BASE, **options: Any
) -> str:
    """A random adapter in the store; its id."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in layers:
        out, inside = SIZES[layer]
        tensors[f"base_model.model.{layer}.lora_A.weight"] = torch.randn(rank, inside, generator=generator)
        tensors[f"base_model.model.{layer}.lora_B.weight"] = torch.randn(out, rank, generator=generator)
        if options.get("use_dora"):
            tensors[f"base_model.model.{layer}.lora_magnitude_vector"] = torch.ones(out)
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 6, "base_model_name_or_path": base, **options}
    work = store.workspace()
    write_adapter(work, tensors, config)
    return store.put(work)


def change(store: AdapterStore, id: str, layer: str) -> Tensor:
    pair = read_adapter(store.folder(id), id).weights.get(layer)
    return torch.zeros(SIZES[layer]) if pair is None else pair.scale * pair.b @ pair.a


def recipe(method: Merge, *parents: tuple[str, float], **options: Any) -> Recipe:
    return Recipe(method, tuple(Parent(*parent) for parent in parents), **options)


def test_a_linear_merge_is_the_weighted_sum(store: AdapterStore) -> None:
    """Of other ranks and scales, one of them without a layer."""
    one, two = make(store, 1), make(store, 2, rank=5, layers=["model.layers.0.q_proj"], use_rslora=True)
    found = merge_adapters(recipe("linear", (one, 0.7), (two, -0.4)), store)
    assert (found["rank"], found["kept"]) == (8, 1.0)
    for layer in SIZES:
        expected = 0.7 * change(store, one, layer) - 0.4 * change(store, two, layer)
        torch.testing.assert_close(change(store, found["id"], layer), expected)
    record = json.loads((store.folder(found["id"]) / RECORD).read_bytes())
    assert record["parents"] == [{"adapter": one, "weight": 0.7}, {"adapter": two, "weight": -0.4}]
    assert {"id": found["id"], **record} == found
    assert merge_adapters(recipe("linear", (one, 0.7), (two, -0.4)), store)["id"] == found["id"]


def test_a_linear_merge_of_smaller_rank_is_the_nearest_one(store: AdapterStore) -> None:
    one, two = make(store, 1), make(store, 2)
    found = merge_adapters(recipe("linear", (one, 0.7), (two, 0.5), rank=4), store)
    shares = []
    for layer in SIZES:
        whole = 0.7 * change(store, one, layer) + 0.5 * change(store, two, layer)
        left, values, right = torch.linalg.svd(whole)
        expected = left[:, :4] * values[:4] @ right[:4]
        torch.testing.assert_close(change(store, found["id"], layer), expected, rtol=1e-4, atol=1e-4)
        shares.append(float(values[:4].square().sum() / values.square().sum()))
    assert found["kept"] == pytest.approx(min(shares), rel=1e-5)
    assert 0.5 < found["kept"] < 1


def test_ties_are_those_of_peft(store: AdapterStore) -> None:
    """PEFT elects signs before weighing; with positive equal weights both are the paper's."""
    ids = [make(store, seed) for seed in (1, 2, 3)]
    found = merge_adapters(recipe("ties", *((id, 0.8) for id in ids), density=0.3, rank=16), store)
    for layer in SIZES:
        changes = [change(store, id, layer) for id in ids]
        expected = peft_ties(changes, torch.full((3,), 0.8), 0.3)
        torch.testing.assert_close(change(store, found["id"], layer), expected, rtol=1e-4, atol=1e-4)


def test_a_parent_of_negative_weight_votes_for_what_it_takes_away(store: AdapterStore) -> None:
    one = make(store, 1)
    two = make(store, 1, use_rslora=True)  # the same directions, at another scale
    layer = "model.layers.0.q_proj"
    found = merge_adapters(recipe("ties", (one, 0.5), (two, -1.0), density=1.0, rank=12), store)
    larger = -1.0 * change(store, two, layer)  # wins at every entry, and alone agrees with itself
    torch.testing.assert_close(change(store, found["id"], layer), larger, rtol=1e-4, atol=1e-4)


def test_dare_drops_by_its_seed_and_keeps_the_expectation(store: AdapterStore) -> None:
    one, two = make(store, 1), make(store, 2)
    layer = "model.layers.0.q_proj"
    asked = recipe("dare", (one, 1.0), (two, 0.5), density=0.4, rank=12)
    changes = [change(store, id, layer) for id in (one, two)]
    pairs = [read_adapter(store.folder(id), id).weights[layer] for id in (one, two)]
    draws = [merge.combine(replace(asked, seed=seed), layer, pairs) for seed in range(1_500)]
    whole = changes[0] + 0.5 * changes[1]
    error = (torch.stack(draws).mean(0) - whole).norm() / whole.norm()
    assert error < 0.08  # √(1.5 / 1500) ≈ .03 of the larger entries' own spread
    alone = merge.combine(replace(asked, parents=(Parent(one, 1.0),)), layer, pairs[:1])
    kept = alone != 0
    torch.testing.assert_close(alone[kept], changes[0][kept] / 0.4)
    assert 0.3 < kept.float().mean() < 0.5
    found = merge_adapters(asked, store)
    torch.testing.assert_close(change(store, found["id"], layer), draws[0], rtol=1e-4, atol=1e-4)
    assert merge_adapters(asked, store)["id"] == found["id"]
    assert merge_adapters(replace(asked, seed=1), store)["id"] != found["id"]


def test_a_large_layer_keeps_what_an_exact_decomposition_would(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(60, 8) @ torch.randn(8, 50) + 0.05 * torch.randn(60, 50)
    exact = merge.nearest(*merge.decompose_dense(matrix, 8, 0), 8)
    monkeypatch.setattr(merge, "EXACT_SIDE", 1)
    quick = merge.nearest(*merge.decompose_dense(matrix, 8, 0), 8)
    torch.testing.assert_close(quick[1] @ quick[0], exact[1] @ exact[0], rtol=1e-3, atol=1e-3)
    assert quick[2] == pytest.approx(exact[2], rel=1e-4)
    assert torch.equal(merge.decompose_dense(matrix, 8, 3)[0], merge.decompose_dense(matrix, 8, 3)[0])


def test_what_cannot_be_merged_is_refused_and_nothing_is_kept(store: AdapterStore) -> None:
    one, two = make(store, 1), make(store, 2)
    dora, other = make(store, 3, use_dora=True), make(store, 4, base="0x" + "cd" * 32)
    wide = make(store, 5, rank=254)
    huge = make(store, 6, lora_alpha=3e38)
    before = sorted(store._root.iterdir())
    for asked, code, reason in [
        (recipe("linear", (one, 1.0)), "invalid_request", "2 to 16"),
        (recipe("linear", (one, 1.0), (one, 1.0)), "invalid_request", "each once"),
        (recipe("linear", (one, 1.0), ("0x" + "00" * 32, 1.0)), "adapter_not_found", "no adapter"),
        (recipe("ties", (one, 1.0), (dora, 1.0)), "merge_unsupported", "uses DoRA"),
        (recipe("linear", (dora, 1.0), (one, 1.0)), "merge_unsupported", "uses DoRA"),
        (recipe("linear", (one, 1.0), (other, 1.0)), "adapter_other_base", "different bases"),
        (recipe("linear", (one, 1.0), (wide, 1.0)), "rank_too_large", "rank 257"),
        (recipe("linear", (huge, 1e38), (two, 1.0)), "adapter_not_finite", "smaller weights"),
    ]:
        with pytest.raises(EngineError) as refusal:
            merge_adapters(asked, store)
        assert refusal.value.code == code
        assert reason in refusal.value.message
    assert sorted(store._root.iterdir()) == before


def test_a_request_merges_and_the_result_answers(engine: Engine, trained: dict[str, Any]) -> None:
    there = AdapterStore(engine.state / "adapters")
    work, first = there.workspace(), there.folder(trained["adapter"])
    halves = {key: tensor * 0.5 for key, tensor in load_file(first / WEIGHTS).items()}
    write_adapter(work, halves, json.loads((first / CONFIG).read_bytes()))
    second = there.put(work)
    parents = [{"adapter": trained["adapter"], "weight": 0.5}, {"adapter": second, "weight": 0.5}]
    status, found = engine.post("/v1/adapters/merge", {"method": "linear", "parents": parents})
    assert status == 201, found
    _, done = engine.generate(adapter=found["id"], messages=question("What is 3?"), maxTokens=4)
    assert done["tokenIds"]
    for wrong in (
        {"method": "mean", "parents": parents},
        {"method": "ties", "parents": parents, "density": 0},
        {"method": "ties", "parents": [{**parents[0], "weight": float("1e9")}, parents[1]]},
        {"method": "linear", "parents": parents, "rank": 0},
    ):
        status, body = engine.post("/v1/adapters/merge", wrong)
        assert (status, body["error"]["code"]) == (400, "invalid_request")
