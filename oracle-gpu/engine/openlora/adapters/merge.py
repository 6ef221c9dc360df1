"""Several adapters made one: a weighted sum, TIES or DARE of what they change."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from openlora.adapters.source import room
from openlora.adapters.store import Adapter, AdapterStore, adapter_id, read_adapter, write_adapter
from openlora.config import MAX_IMPORTED_RANK
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.ops.lora import LoraPair
from openlora.verify import hashing

Merge = Literal["linear", "ties", "dare"]
RECORD = "merge.json"  # beside the merged adapter: what it was made of
MOST_PARENTS = 16
# Beyond this size of a layer's smaller side its singular values are found by random projection (Halko et al.,
# "Finding structure with randomness"), seeded; the exact decomposition takes minutes for each layer there.
EXACT_SIDE = 1_536
_POWER_STEPS = 6


@dataclass(frozen=True)
class Parent:
    adapter: str
    weight: float


@dataclass(frozen=True)
class Recipe:
    method: Merge
    parents: tuple[Parent, ...]
    density: float = 0.5  # of ties and dare: the share of each parent's changes that is kept
    rank: int | None = None  # of the result; None: of linear the sum of all ranks, else the largest one
    seed: int = 0  # of dare


def merge_adapters(recipe: Recipe, store: AdapterStore) -> dict[str, Any]:
    """Merge adapters of the store into a new one there; returns what `POST /v1/adapters/merge` answers.

    `kept` is the least share, over the layers, of the squared change that fits the result's rank: 1 where
    nothing was lost. EngineError 400 or 409 where the recipe makes no sense or a parent cannot be merged.
    """
    parents = [read_adapter(store.folder(parent.adapter), parent.adapter) for parent in recipe.parents]
    _check(recipe, parents)
    weights = [parent.weight for parent in recipe.parents]
    whole = sum(parent.rank for parent in parents)
    usual = whole if recipe.method == "linear" else max(parent.rank for parent in parents)
    rank = recipe.rank or usual
    if rank > MAX_IMPORTED_RANK:
        message = f"The merge would have rank {rank}: give it a rank of at most {MAX_IMPORTED_RANK}."
        raise EngineError(400, "rank_too_large", message, rank=rank)
    tensors: dict[str, Tensor] = {}
    kept = 1.0
    for layer in sorted({layer for parent in parents for layer in parent.weights}):
        pairs = [parent.weights.get(layer) for parent in parents]
        a, b = side_by_side([(x, weight) for x, weight in zip(pairs, weights, strict=True) if x is not None])
        if recipe.method == "linear" and len(a) <= rank:
            share = 1.0
        elif recipe.method == "linear":
            a, b, share = nearest(*decompose(a, b), rank)
        else:
            a, b, share = nearest(*decompose_dense(combine(recipe, layer, pairs), rank, recipe.seed), rank)
        kept = min(kept, share)
        tensors[f"base_model.model.{layer}.lora_A.weight"] = _padded(a, rank, 0)
        tensors[f"base_model.model.{layer}.lora_B.weight"] = _padded(b, rank, 1)
    return _keep(recipe, store, tensors, rank, parents[0].base_model, kept)


def side_by_side(pairs: Sequence[tuple[LoraPair, float]]) -> tuple[Tensor, Tensor]:
    """A [Σ rank, in] and B [out, Σ rank] whose product is Σ weight · scale · B A, exactly."""
    a = torch.cat([pair.a for pair, _ in pairs], dim=0)
    b = torch.cat([pair.b * (pair.scale * weight) for pair, weight in pairs], dim=1)
    return a, b


def combine(recipe: Recipe, layer: str, pairs: Sequence[LoraPair | None]) -> Tensor:
    """The merged change of one layer, [out, in], by TIES or DARE.

    TIES (Yadav et al., "TIES-Merging", 3.2): of each parent's change the largest entries, by magnitude; the
    sign with the larger sum at each entry; the weighted mean of the parents that agree with it. DARE (Yu et
    al., "Language Models are Super Mario", 3.2): entries dropped at random, the others divided by the share
    that stays; the weighted sum. A parent without the layer changes nothing there.
    """
    given = [(i, pair) for i, pair in enumerate(pairs) if pair is not None]
    changes = torch.stack([pair.scale * pair.b @ pair.a for _, pair in given])  # [parents, out, in]
    weights = torch.tensor([recipe.parents[i].weight for i, _ in given]).view(-1, 1, 1)
    if recipe.method == "dare":
        for place, (i, _) in enumerate(given):
            keep = torch.rand(changes[place].shape, generator=_drawn(recipe.seed, i, layer)) < recipe.density
            changes[place] *= keep / recipe.density
        return (changes * weights).sum(0)
    count = max(1, int(recipe.density * changes[0].numel()))
    for change in changes:
        smallest = change.abs().flatten().kthvalue(change.numel() - count + 1).values
        change *= change.abs() >= smallest
    weighted = changes * weights
    elected = torch.where(weighted.sum(0) >= 0, 1.0, -1.0)
    agree = weighted.sign() == elected
    return (weighted * agree).sum(0) / agree.sum(0).clamp(min=1)


def _drawn(seed: int, parent: int, layer: str) -> torch.Generator:
    """A generator of this parent and layer alone, so that no other one moves what is drawn for it."""
    digest = hashing.sha256(f"{seed}:{parent}:{layer}".encode())
    return torch.Generator().manual_seed(int.from_bytes(digest[:8]) >> 1)


def decompose(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor, float]:
    """Singular value decomposition of B A, never making the product.

    Left [out, r], values [r], right [r, in] and the sum of all squared values.
    """
    outer, small_b = torch.linalg.qr(b)
    inner, small_a = torch.linalg.qr(a.T)
    left, values, right = torch.linalg.svd(small_b @ small_a.T, full_matrices=False)
    return outer @ left, values, right @ inner.T, float(values.square().sum())


def decompose_dense(change: Tensor, rank: int, seed: int) -> tuple[Tensor, Tensor, Tensor, float]:
    """The same of a matrix [out, in] of any rank; of a large one only its first values."""
    total = float(change.square().sum())
    if min(change.shape) <= EXACT_SIDE:
        return *torch.linalg.svd(change, full_matrices=False), total
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        left, values, right = torch.svd_lowrank(change, q=rank + 16, niter=_POWER_STEPS)
    return left, values, right.T, total


def nearest(
    left: Tensor, values: Tensor, right: Tensor, total: float, rank: int
) -> tuple[Tensor, Tensor, float]:
    """A and B of the nearest matrix of `rank` (Eckart and Young), and the share of the squares it keeps."""
    root = values[:rank].sqrt()
    share = float(values[:rank].square().sum()) / total if total > 0 else 1.0
    return root.unsqueeze(1) * right[:rank], left[:, :rank] * root, min(1.0, share)


def _padded(matrix: Tensor, size: int, dim: int) -> Tensor:
    """Zeros behind a layer's ranks where fewer parents change it than others: all layers have one rank."""
    missing = list(matrix.shape)
    missing[dim] = size - matrix.shape[dim]
    return torch.cat([matrix, matrix.new_zeros(missing)], dim) if missing[dim] else matrix


def _check(recipe: Recipe, parents: Sequence[Adapter]) -> None:
    names = [parent.adapter for parent in recipe.parents]
    if not 2 <= len(set(names)) == len(names) <= MOST_PARENTS:
        message = f"A merge has 2 to {MOST_PARENTS} different adapters: name them, each once."
        raise EngineError(400, "invalid_request", message, field="parents")
    if len({parent.base_model for parent in parents}) != 1:
        message = "The adapters are of different bases: merge those of one base."
        raise EngineError(409, "adapter_other_base", message)
    for parent in parents:
        if any(pair.magnitude is not None for pair in parent.weights.values()):
            message = (
                f"Adapter {parent.id} uses DoRA, which scales the base's own rows: no A and B can say that."
                " Merge adapters of the other kinds."
            )
            raise EngineError(409, "merge_unsupported", message, adapter=parent.id)
    for layer in {layer for parent in parents for layer in parent.weights}:
        pairs = [parent.weights[layer] for parent in parents if layer in parent.weights]
        if len({(pair.a.shape[1], pair.b.shape[0]) for pair in pairs}) != 1:
            message = f"The adapters disagree on the size of {layer}: they are of different bases."
            raise EngineError(409, "adapter_other_base", message)


def _keep(
    recipe: Recipe, store: AdapterStore, tensors: Mapping[str, Tensor], rank: int, base: str, kept: float
) -> dict[str, Any]:
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        message = "The merge has numbers that are not finite: choose smaller weights."
        raise EngineError(422, "adapter_not_finite", message)
    layers = sorted({key.removeprefix("base_model.model.").rpartition(".lora_")[0] for key in tensors})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": rank,  # scale 1: the weights stand in B
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": layers,
        "inference_mode": True,
    }
    density = {} if recipe.method == "linear" else {"density": recipe.density}
    seed = {"seed": recipe.seed} if recipe.method == "dare" else {}
    parents = [{"adapter": parent.adapter, "weight": parent.weight} for parent in recipe.parents]
    record = {"method": recipe.method, "parents": parents, **density, **seed, "rank": rank, "kept": kept}
    work = store.workspace()
    try:
        with room(work):
            write_adapter(work, tensors, config)
            write_json(work / RECORD, record)
            id = adapter_id(work)
            store.put(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {"id": id, **record}
