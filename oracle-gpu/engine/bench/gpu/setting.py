"""What is run: an 8B model on a GPU, or a tiny one on a CPU to see that all of it works."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openlora.config import core_count, fix_numerics

fix_numerics()

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, LlamaConfig  # noqa: E402

from bench.serving import random_adapter  # noqa: E402
from openlora.adapters.slots import Slots  # noqa: E402
from openlora.adapters.store import CONFIG, WEIGHTS, AdapterStore, adapter_id  # noqa: E402
from openlora.config import Limits  # noqa: E402
from openlora.models.base import BaseModel  # noqa: E402
from openlora.ops.fp8 import require_fp8, to_fp8  # noqa: E402
from openlora.ops.lora import install_lora  # noqa: E402
from openlora.ops.operators import Operators, choose_operators  # noqa: E402
from openlora.verify import hashing  # noqa: E402

# LLaMA 3.1 8B's
LARGE: dict[str, Any] = {
    "vocab_size": 128_256,
    "hidden_size": 4_096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8_192,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0},
    "tie_word_embeddings": False,
}
TINY: dict[str, Any] = {
    **LARGE,
    "vocab_size": 40_000,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}


@dataclass(frozen=True)
class Setting:
    model: dict[str, Any]
    device: torch.device
    dtype: torch.dtype
    sequences: int  # asked together, each of an adapter of its own
    rank: int
    prompt: int  # tokens
    answer: int
    registered: int  # adapters
    asked: int  # of those
    switches: int

    @property
    def is_small(self) -> bool:
        return self.device.type == "cpu"

    def operators(self) -> Operators:
        """The kernels; on a CPU in the interpreter."""
        if not self.is_small:
            return choose_operators(self.device)
        from openlora.ops.kernels.operators import Kernels

        return Kernels(self.device)

    def limits(self, base: BaseModel) -> Limits:
        """Room for all sequences and their adapters at once."""
        config, whole = self.model, self.prompt + self.answer + 16
        head = config["hidden_size"] // config["num_attention_heads"]
        token = 2 * config["num_hidden_layers"] * config["num_key_value_heads"] * head * self.dtype.itemsize
        row = Slots(base, 1).row_bytes
        return Limits(
            max_active=self.sequences,
            max_adapters=self.sequences,
            step_tokens=min(2_048, 8 * self.prompt),
            cache_bytes=self.sequences * whole * token,
            slot_bytes=(self.sequences + 1) * self.rank * row,
        )


def setting() -> Setting:
    if os.environ.get("BENCH_SMALL") == "1":
        return Setting(TINY, torch.device("cpu"), torch.float32, 2, 4, 8, 3, 20, 2, 5)
    if not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here. BENCH_SMALL=1 runs the same code on a CPU.")
    return Setting(LARGE, torch.device("cuda"), torch.bfloat16, 32, 16, 1_024, 128, 4_000, 48, 300)


def make_base(of: Setting, is_fp8: bool = False) -> BaseModel:
    """Random weights, made on the device."""
    torch.manual_seed(0)
    torch.set_num_threads(core_count())
    with of.device:
        model = AutoModelForCausalLM.from_config(
            LlamaConfig(**of.model), dtype=of.dtype, attn_implementation="sdpa"
        )
    model = model.to(of.device).eval().requires_grad_(False)
    if is_fp8:
        if not of.is_small:
            require_fp8(of.device)
        to_fp8(model)
    return BaseModel(model, install_lora(model), of.dtype, of.device)


def make_adapters(base: BaseModel, folder: Path, count: int, rank: int) -> tuple[AdapterStore, Sequence[str]]:
    """One random adapter under many ids: what it says does not matter for time or memory.

    Ids are digests of weights and configuration, and the weights' is known after the first.
    """
    store = AdapterStore(folder)
    first = random_adapter(base, store, 0, rank)
    source = store.folder(first)
    weights = hashing.sha256_file(source / WEIGHTS)
    config = json.loads((source / CONFIG).read_bytes())
    ids = [first]
    for number in range(1, count):
        named = {**config, "revision": str(number)}
        id = hashing.to_hex(hashing.content_id(weights, named))
        (folder / id).mkdir()
        os.link(source / WEIGHTS, folder / id / WEIGHTS)
        (folder / id / CONFIG).write_bytes(hashing.canonical(named))
        ids.append(id)
    assert adapter_id(store.folder(ids[-1])) == ids[-1]
    return store, ids
