"""Attribution works for every model family that the engine is to train, and for merges of adapters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    DeepseekV2Config,
    DeepseekV3Config,
    FalconConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    Glm4Config,
    GlmConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
)

from openlora.attribution import projection, scan
from openlora.attribution.composed import Parent, composed_gradients, merge
from openlora.attribution.gradients import choose_slices, loss_gradients, make_slices
from openlora.attribution.index import AttributionIndex, build_index
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraLinear, LoraPair, install_lora
from openlora.train.examples import Example

CPU = torch.device("cpu")
SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "initializer_range": 0.2,
}
LATENT: dict[str, Any] = {
    **{key: value for key, value in SIZES.items() if key != "head_dim"},
    "num_key_value_heads": 4,
    "kv_lora_rank": 8,
    "q_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 8,
    "v_head_dim": 8,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
}
FAMILIES: dict[str, Any] = {
    "llama": lambda: LlamaConfig(**SIZES),
    "mistral": lambda: MistralConfig(**SIZES, sliding_window=8),
    "qwen2": lambda: Qwen2Config(**SIZES),
    "qwen3": lambda: Qwen3Config(**SIZES),
    "gemma": lambda: GemmaConfig(**SIZES),
    "gemma2": lambda: Gemma2Config(**SIZES, sliding_window=8, final_logit_softcapping=2.0),
    "gemma3": lambda: Gemma3TextConfig(**SIZES, sliding_window=8),
    "glm": lambda: GlmConfig(**SIZES),
    "glm4": lambda: Glm4Config(**SIZES),
    "gpt2": lambda: GPT2Config(vocab_size=50, n_embd=32, n_layer=2, n_head=4, initializer_range=0.2),
    "falcon": lambda: FalconConfig(
        **{
            k: v
            for k, v in SIZES.items()
            if k not in ("intermediate_size", "num_key_value_heads", "head_dim")
        }
    ),
    "bloom": lambda: BloomConfig(vocab_size=50, hidden_size=32, n_layer=2, n_head=4, initializer_range=0.2),
    "deepseek_v2": lambda: DeepseekV2Config(**LATENT),
    "deepseek_v3": lambda: DeepseekV3Config(**LATENT),
}


@dataclass(frozen=True)
class Marked:
    tokens: list[int]
    trained: list[bool]


def make_base(family: str) -> BaseModel:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(FAMILIES[family](), attn_implementation="eager")
    model.requires_grad_(False)
    return BaseModel(model.eval(), install_lora(model), torch.float32, CPU)


def make_weights(base: BaseModel, seed: int, rank: int = 2, scale: float = 2.0) -> dict[str, LoraPair]:
    """A random adapter on every linear layer, its sizes taken from what the layers read and write."""
    sizes: dict[str, tuple[int, int]] = {}

    def note(module: Any, inputs: Any, output: Tensor) -> None:
        sizes[module.name] = (inputs[0].shape[-1], output.shape[-1])

    modules = [module for module in base.model.modules() if isinstance(module, LoraLinear)]
    handles = [module.register_forward_hook(note) for module in modules]
    with torch.no_grad():
        base.model(input_ids=torch.arange(20)[None])
    for handle in handles:
        handle.remove()
    generator = torch.Generator().manual_seed(seed)
    return {
        name: LoraPair(
            torch.randn(rank, inside, generator=generator) * 0.2,
            torch.randn(outside, rank, generator=generator) * 0.2,
            scale,
        )
        for name, (inside, outside) in sizes.items()
    }


def sequences(count: int) -> list[Marked]:
    generator = torch.Generator().manual_seed(1)
    lengths = [5 + 3 * i for i in range(count)]
    tokens = [torch.randint(1, 50, (length,), generator=generator).tolist() for length in lengths]
    return [Marked(x, [i >= 3 for i in range(len(x))]) for x in tokens]


def plain_loss(base: BaseModel, weights: dict[str, LoraPair], sequence: Marked) -> Tensor:
    """By the whole model's own logits."""
    with base.switch.use(weights):
        logits = base.model(input_ids=torch.tensor([sequence.tokens])).logits[0]
    losses = functional.cross_entropy(logits[:-1], torch.tensor(sequence.tokens[1:]), reduction="none")
    return losses[torch.tensor(sequence.trained[1:])].sum()


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_those_of_the_whole_model(family: str) -> None:
    base = make_base(family)
    weights = make_weights(base, seed=2)
    slices = choose_slices(weights, 4)
    asked = sequences(3)
    losses, found = loss_gradients(base, weights, slices, asked, 7.0)
    for row, sequence in enumerate(asked):
        leaves = {
            name: LoraPair(x.a.clone().requires_grad_(), x.b.clone().requires_grad_(), x.scale)
            for name, x in weights.items()
        }
        loss = plain_loss(base, leaves, sequence) / 7.0
        chosen = [leaves[piece.layer] for piece in slices]
        parameters = [x.a if piece.part == "A" else x.b for x, piece in zip(chosen, slices, strict=True)]
        expected = torch.autograd.grad(loss, parameters)
        flat = torch.cat([gradient.flatten() for gradient in expected])
        assert float(losses[row]) == pytest.approx(float(loss.detach()), rel=1e-4)
        assert flat.norm() > 0
        torch.testing.assert_close(found[row], flat, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_index_leads_each_record_back_to_itself(family: str, tmp_path: Path) -> None:
    base = make_base(family)
    weights = make_weights(base, seed=2)
    train = [
        Example(f"0x{i:064x}", f"c{i}", [], list(x.tokens), list(x.trained), "", [])
        for i, x in enumerate(sequences(6))
    ]
    build_index(tmp_path, base, weights, "0x" + "ab" * 32, train, [], 7.0, lambda *_: None)
    index = AttributionIndex(tmp_path)
    slices = make_slices(weights, index.tensors)
    for i, example in enumerate(train):
        _, raw = loss_gradients(base, weights, slices, [example], 7.0)
        query = projection.quantise_query(index.project(raw[0].numpy()))
        assert scan.totals(scan.scores(index.rows, query)).argmax() == i


def test_a_merge_changes_every_layer_by_the_weighted_sum() -> None:
    base = make_base("llama")
    parents = make_parents(base)
    merged = merge(parents)
    for layer, pair in merged.items():
        own = [(x.weights[layer], x.weight) for x in parents if layer in x.weights]
        expected = torch.stack([weight * x.scale * x.b @ x.a for x, weight in own]).sum(0)
        torch.testing.assert_close(pair.scale * pair.b @ pair.a, expected)


def make_parents(base: BaseModel) -> list[Parent]:
    """Of different rank, scale and weight; the second lacks a layer that the first has."""
    first, second = make_weights(base, 3, rank=2, scale=2.0), make_weights(base, 4, rank=3, scale=0.5)
    layers = [name for name in first if name.endswith("down_proj")]
    second = {name: pair for name, pair in second.items() if name != layers[0]}
    both = [(layer, part) for layer in layers for part in "AB"]
    return [
        Parent(first, 0.7, make_slices(first, both)),
        Parent(second, -0.4, make_slices(second, [(layers[1], "B"), (layers[1], "A")])),
    ]


def test_each_parents_gradient_is_what_moving_its_weights_changes() -> None:
    base = make_base("llama")
    base.model.double()
    parents = make_parents(base)
    asked = sequences(2)
    doubled = [
        Parent(
            {name: LoraPair(x.a.double(), x.b.double(), x.scale) for name, x in parent.weights.items()},
            parent.weight,
            parent.slices,
        )
        for parent in parents
    ]
    _, found = composed_gradients(base, doubled, asked, 3.0)
    generator = torch.Generator().manual_seed(5)
    step = 1e-3  # norms are taken in float32 even of a float64 model, so a smaller one drowns
    for index, parent in enumerate(doubled):
        direction = torch.randn(parent.slices[-1].end, generator=generator, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            moved = [*doubled]
            moved[index] = Parent(shift(parent, direction * step * sign), parent.weight, parent.slices)
            with torch.no_grad():
                merged = merge(moved)
                ends.append(torch.stack([plain_loss(base, merged, x) for x in asked]) / 3.0)
        expected = (ends[0] - ends[1]) / (2 * step)
        torch.testing.assert_close(found[index] @ direction, expected, rtol=2e-3, atol=1e-3)


def shift(parent: Parent, by: Tensor) -> dict[str, LoraPair]:
    weights = dict(parent.weights)
    for piece in parent.slices:
        pair, change = weights[piece.layer], by[piece.start : piece.end]
        if piece.part == "A":
            weights[piece.layer] = replace(pair, a=pair.a + change.view_as(pair.a))
        else:
            weights[piece.layer] = replace(pair, b=pair.b + change.view_as(pair.b))
    return weights
