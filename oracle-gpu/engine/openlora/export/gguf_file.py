"""A whole model as one GGUF file, in 16 bits or 8."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from gguf import (
    GGML_QUANT_VERSION,
    MODEL_ARCH_NAMES,
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
    get_tensor_name_map,
)
from gguf.quants import quantize

from openlora.errors import EngineError
from openlora.export.families import family_of
from openlora.export.tokens import add_tokenizer

Precision = Literal["f16", "q8_0"]
F16_MAX = float(np.finfo(np.float16).max)
BLOCK = 32  # numbers that share a scale in Q8_0


def write_gguf(model: Any, tokenizer: Any, path: Path, precision: Precision, name: str, licence: str) -> None:
    """Write `model` (float32). EngineError 400 says why where it cannot be done."""
    config = model.config
    family = family_of(config)
    writer = GGUFWriter(path, MODEL_ARCH_NAMES[family.arch])
    writer.add_name(name)
    writer.add_license(licence)
    family.describe(writer, config)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if precision == "f16" else LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(GGML_QUANT_VERSION)
    add_tokenizer(writer, tokenizer, config.vocab_size)
    names = get_tensor_name_map(family.arch, config.num_hidden_layers)
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    for key, tensor in model.state_dict().items():
        if tied and key == "lm_head.weight":
            continue
        own = next(filter(None, (names.get_name(x, (".weight", ".bias")) for x in _spellings(key))), None)
        if own is None:
            raise EngineError(
                400, "gguf_unsupported", f"GGUF has no place for the tensor {key}: choose merged."
            )
        data = family.change(own, tensor.detach().float().cpu(), config).contiguous().numpy()
        kind = _kind(own, data, precision)
        if kind == GGMLQuantizationType.F16 and np.abs(data).max() > F16_MAX:
            message = (
                f"The tensor {key} has numbers beyond {F16_MAX:.0f}, the largest in 16 bits: choose merged."
            )
            raise EngineError(400, "gguf_unsupported", message)
        writer.add_tensor(own, quantize(data, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _spellings(key: str) -> tuple[str, str]:
    """A tensor's name, with and without the model that its blocks are part of."""
    return key, key.removeprefix("transformer.")


def _kind(name: str, data: np.ndarray, precision: Precision) -> GGMLQuantizationType:
    """Vectors and positions stay in 32 bits, as llama.cpp wants them; rows that are no whole blocks in 16."""
    if data.ndim < 2 or name.startswith("position_embd"):
        return GGMLQuantizationType.F32
    if precision == "q8_0" and data.shape[-1] % BLOCK == 0:
        return GGMLQuantizationType.Q8_0
    return GGMLQuantizationType.F16
