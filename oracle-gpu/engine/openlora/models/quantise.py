"""A base in four bits, to train on in little memory (QLoRA), and the same numbers in full precision."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from openlora.errors import EngineError
from openlora.ops.quantised import QuantisedLinear, give_memory_back

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it would say which optional kernels are missing
import bitsandbytes as bnb  # noqa: E402

# What an adapter's configuration says of the base it was trained on, in the words of transformers'
# BitsAndBytesConfig: NF4 (Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs") in blocks of 64,
# of weights that were rounded to bfloat16 before; the blocks' scales stay in float32. Scales that are
# quantised themselves would save another 3 % of the bytes and make sums of floats part of the weights.
BLOCK = 64
QUANTISATION: dict[str, Any] = {
    "load_in_4bit": True,
    "bnb_4bit_quant_type": "nf4",
    "bnb_4bit_use_double_quant": False,
    "blocksize": BLOCK,
    "dtype": "bfloat16",
}
BYTES = 0.5 + 4 / BLOCK  # of a weight
FAMILIES = "LLaMA, Mistral, Qwen, Gemma, ChatGLM, DeepSeek, Falcon and BLOOM"


def require_quantisable(layers: Mapping[str, nn.Module], family: str) -> None:
    """EngineError 400 by the family's name where none of a base's `layers` can be kept in four bits."""
    if not any(_quantisable(layer) for layer in layers.values()):
        message = (
            f"Bases of the family {family} cannot be trained on in four bits: choose the kind lora, or a base"
            f" of another family ({FAMILIES})."
        )
        raise EngineError(400, "quantisation_unsupported", message, field="method.kind")


def quantise(model: Any, dtype: torch.dtype) -> None:
    """Put four-bit layers, computing in `dtype`, in the place of the linear ones but the output head."""
    for name in _chosen_names(model):
        layer = model.get_submodule(name)
        packed, state = _pack(layer.weight)
        made = bnb.nn.Linear4bit(
            layer.in_features,
            layer.out_features,
            bias=layer.bias is not None,
            compute_dtype=dtype,
            compress_statistics=False,
            quant_type="nf4",
            device="meta",
        )
        made.weight = bnb.nn.Params4bit(
            packed, quant_state=state, compress_statistics=False, quant_type="nf4", bnb_quantized=True
        )
        made.bias = layer.bias
        # On CPUs with AVX512-BF16 a layer would be repacked in place when it first evaluates, and no
        # gradient would go through it from then on, without a word.
        made.support_avx512bf16_for_cpu = False
        model.set_submodule(name, made.eval())
    model.is_loaded_in_4bit = True  # by this PEFT knows them
    give_memory_back()


def round_weights(model: Any) -> None:
    """Give every layer that `quantise` would replace the numbers that its four bits stand for."""
    with torch.no_grad():
        for name in _chosen_names(model):
            layer = model.get_submodule(name)
            packed, state = _pack(layer.weight)
            layer.weight.copy_(bnb.functional.dequantize_4bit(packed, state))


def _pack(weight: Tensor) -> tuple[Tensor, Any]:
    """Four-bit values and the state that says what they stand for, as float32."""
    rounded = weight.detach().bfloat16().float()
    packed, state = bnb.functional.quantize_4bit(
        rounded, blocksize=BLOCK, compress_statistics=False, quant_type="nf4"
    )
    return packed, state


def _chosen_names(model: Any) -> list[str]:
    """Not the layers: each shall be gone as soon as another is in its place."""
    layers = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name != "lm_head"
    }
    require_quantisable(layers, model.config.model_type)
    return [name for name, layer in layers.items() if _quantisable(layer)]


def _quantisable(layer: nn.Module) -> bool:
    """Transposed layers (Conv1D) are not. Nor are rows that are no whole number of blocks.

    The CPU kernel of bitsandbytes 0.50 begins a block with every row where the weights were packed without
    regard to rows, and so gives rows that end within a block the scales of others.
    """
    return isinstance(layer, nn.Linear | QuantisedLinear) and layer.in_features % BLOCK == 0
