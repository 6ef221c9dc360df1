"""A model of two layers whose adapter i makes token i certain: a wrong adapter shows in the next token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from openlora.adapters.store import AdapterStore, write_adapter
from openlora.models.base import BaseModel
from openlora.ops.lora import install_lora

LAYER = "model.layers.1.mlp.down_proj"
WIDTH, INNER = 32, 48
LOUD = 50.0  # how much louder an adapter is than all that the model says by itself


def make_certain(vocabulary: int) -> BaseModel:
    """One channel of the last layer is always the same; the words have the same length."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        mlp_bias=True,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    model.set_attn_implementation("sdpa")
    inner = model.model.layers[1].mlp
    for layer in (inner.gate_proj, inner.up_proj):
        layer.weight[0] = 0
        layer.bias[0] = 3
    words = functional.normalize(torch.randn(vocabulary, WIDTH), dim=1)
    assert (words @ words.T - 2 * torch.eye(vocabulary)).max() < 0.95, "all words are told apart"
    model.lm_head.weight.copy_(words)
    return BaseModel(model, install_lora(model), torch.float32, torch.device("cpu"))


def write_certain(base: BaseModel, store: AdapterStore, count: int) -> Iterator[str]:
    """Adapters of ranks 1 to 4, of which number i makes token i certain; their ids."""
    words = base.model.lm_head.weight
    for number in range(count):
        rank = 1 + number % 4
        a, b = torch.zeros(rank, INNER), torch.zeros(WIDTH, rank)
        a[-1, 0] = 1
        b[:, -1] = LOUD * words[number]
        name = f"base_model.model.{LAYER}"
        tensors = {f"{name}.lora_A.weight": a, f"{name}.lora_B.weight": b}
        config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": ["down_proj"]}
        folder = store.workspace()
        write_adapter(Path(folder), tensors, config)
        yield store.put(folder)
