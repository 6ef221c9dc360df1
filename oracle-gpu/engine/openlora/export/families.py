"""Which model families can be written as GGUF, and what llama.cpp calls and expects of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gguf import MODEL_ARCH, GGUFWriter
from torch import Tensor
from transformers import AutoConfig

from openlora.errors import EngineError
from openlora.export.tokens import add_tokenizer

Change = Callable[[str, Tensor, Any], Tensor]  # GGUF name, tensor and the model's configuration
WHY_NOT = {
    "gemma": "transformers cannot read a Gemma 1 back from GGUF, so that nothing could check it",
    "glm": "transformers cannot read it back from GGUF, so that nothing could check it",
    "glm4": "transformers cannot read it back from GGUF, so that nothing could check it",
    "deepseek_v2": "transformers cannot read it back from GGUF, so that nothing could check it",
    "deepseek_v3": "transformers cannot read it back from GGUF, so that nothing could check it",
}


@dataclass(frozen=True)
class Family:
    arch: MODEL_ARCH
    change: Change
    describe: Callable[[GGUFWriter, Any], None]


def require_gguf(base: Path, tokenizer: Any) -> None:
    """EngineError 400 before anything is loaded, where the base in this folder cannot be written as GGUF."""
    config = AutoConfig.from_pretrained(base)
    family_of(config).describe(GGUFWriter(None, "none", dry_run=True), config)
    add_tokenizer(GGUFWriter(None, "none", dry_run=True), tokenizer, config.vocab_size)


def family_of(config: Any) -> Family:
    """EngineError 400 with the reason where a model cannot be written as GGUF."""
    family = FAMILIES.get(config.model_type)
    if family is None:
        reason = WHY_NOT.get(config.model_type, "this engine does not know how it is written there")
        raise _impossible(f"models of the family {config.model_type} cannot: {reason}")
    scaled = _rope_type(config)
    if scaled not in (None, "default"):
        raise _impossible(f"its rotary positions are scaled ({scaled}), which is not written here")
    return family


def context_of(config: Any) -> int:
    """Tokens up to which a GGUF file answers as the model itself."""
    context = int(getattr(config, "max_position_embeddings", 0) or getattr(config, "seq_length", 2_048))
    if config.model_type == "mistral" and config.sliding_window:
        # llama.cpp gives Mistral the attention of LLaMA, without a window: up to there both are the same.
        return min(context, int(config.sliding_window))
    return context


def _impossible(reason: str) -> EngineError:
    message = f"The model cannot be exported as GGUF: {reason}. Choose peft or merged."
    return EngineError(400, "gguf_unsupported", message)


def _rope(config: Any) -> dict[str, Any]:
    """Rotary parameters; of models with two kinds of layers those of the full attention."""
    found: dict[str, Any] = getattr(config, "rope_parameters", None) or {}
    full: dict[str, Any] = found.get("full_attention", found)
    return full


def _rope_type(config: Any) -> str | None:
    found: str | None = _rope(config).get("rope_type")
    return found


def _same(name: str, tensor: Tensor, config: Any) -> Tensor:
    return tensor


def _permuted(name: str, tensor: Tensor, config: Any) -> Tensor:
    """llama.cpp turns pairs of neighbours, transformers the two halves of a head: rows are put in pairs."""
    if ".attn_q." not in name and ".attn_k." not in name:
        return tensor
    heads = config.num_attention_heads if ".attn_q." in name else config.num_key_value_heads
    half = tensor.shape[0] // heads // 2
    return tensor.reshape(heads, 2, half, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def _raised(name: str, tensor: Tensor, config: Any) -> Tensor:
    """Gemma multiplies by 1 + weight in its norms, llama.cpp by the weight."""
    return tensor + 1 if name.endswith("norm.weight") else tensor


def _transposed(name: str, tensor: Tensor, config: Any) -> Tensor:
    """GPT-2 keeps the weights of its blocks as [in, out]."""
    return tensor.T if name.startswith("blk.") and tensor.dim() == 2 else tensor


def _apart(name: str, tensor: Tensor, config: Any) -> Tensor:
    """BLOOM keeps query, key and value head by head; llama.cpp one after another."""
    if ".attn_qkv." not in name:
        return tensor
    heads = config.n_head
    size = tensor.shape[0] // heads // 3
    return tensor.reshape(heads, 3, size, *tensor.shape[1:]).swapaxes(0, 1).reshape(tensor.shape)


def _describe_rotary(writer: GGUFWriter, config: Any) -> None:
    """LLaMA, Mistral, Qwen and Gemma."""
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(context_of(config))
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(_rope(config)["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def _describe_qwen(writer: GGUFWriter, config: Any) -> None:
    if getattr(config, "use_sliding_window", False):
        raise _impossible("it uses Qwen's sliding window, which llama.cpp does not")
    _describe_rotary(writer, config)


def _describe_gemma(writer: GGUFWriter, config: Any) -> None:
    # llama.cpp knows the scale by the number of layers: that of a head, but for the 27B models.
    large = {"gemma2": 46, "gemma3_text": 62}[config.model_type]
    head = config.head_dim
    if config.num_hidden_layers == large:
        head = config.hidden_size // config.num_attention_heads
    if config.query_pre_attn_scalar != head:
        raise _impossible(f"its attention is scaled by {config.query_pre_attn_scalar} instead of {head}")
    _describe_rotary(writer, config)
    writer.add_sliding_window(config.sliding_window)
    if config.model_type == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def _describe_falcon(writer: GGUFWriter, config: Any) -> None:
    if config.alibi or config.new_decoder_architecture or not config.multi_query or not config.parallel_attn:
        raise _impossible("of Falcon only the layout of the 7B model can be checked here")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.ffn_hidden_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(1)
    writer.add_rope_freq_base(_rope(config)["rope_theta"])
    writer.add_layer_norm_eps(config.layer_norm_epsilon)


def _describe_bloom(writer: GGUFWriter, config: Any) -> None:
    writer.add_context_length(context_of(config))  # ALiBi has no limit of its own
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.n_layer)
    writer.add_feed_forward_length(4 * config.hidden_size)
    writer.add_head_count(config.n_head)
    writer.add_head_count_kv(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)


def _describe_gpt2(writer: GGUFWriter, config: Any) -> None:
    writer.add_context_length(config.n_positions)
    writer.add_embedding_length(config.n_embd)
    writer.add_block_count(config.n_layer)
    writer.add_feed_forward_length(config.n_inner or 4 * config.n_embd)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)


FAMILIES = {
    "llama": Family(MODEL_ARCH.LLAMA, _permuted, _describe_rotary),
    "mistral": Family(MODEL_ARCH.LLAMA, _permuted, _describe_rotary),
    "qwen2": Family(MODEL_ARCH.QWEN2, _same, _describe_qwen),
    "qwen3": Family(MODEL_ARCH.QWEN3, _same, _describe_qwen),
    "gemma2": Family(MODEL_ARCH.GEMMA2, _raised, _describe_gemma),
    "gemma3_text": Family(MODEL_ARCH.GEMMA3, _raised, _describe_gemma),
    "falcon": Family(MODEL_ARCH.FALCON, _same, _describe_falcon),
    "bloom": Family(MODEL_ARCH.BLOOM, _apart, _describe_bloom),
    "gpt2": Family(MODEL_ARCH.GPT2, _transposed, _describe_gpt2),
}
