"""A fast tokenizer in the words of a GGUF file."""

from __future__ import annotations

import json
from typing import Any

from gguf import GGUFWriter, TokenType

from openlora.errors import EngineError

# llama.cpp knows ways to cut text before merging by name only: here by the steps, with their patterns, that
# stand for them in tokenizer.json.
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_BYTES = ("ByteLevel", False, True)
_BYTES_ONLY = ("ByteLevel", False, False)
CUTS: dict[tuple[Any, ...], str] = {
    (_BYTES,): "gpt-2",
    (("Split", r"\p{N}", "Isolated"), _BYTES): "smollm",
    (("Digits", True), _BYTES): "smollm",
    (("Split", _CONTRACTIONS + r"\p{N}{1,3}" + _REST, "Isolated"), _BYTES_ONLY): "llama-bpe",
    (("Split", _CONTRACTIONS + r"\p{N}" + _REST, "Isolated"), _BYTES_ONLY): "qwen2",
    (
        ("Punctuation", "Contiguous"),
        ("ByteLevel", False, True),
        ("Digits", False),
        ("Split", r"[0-9][0-9][0-9]", "Isolated"),
    ): "falcon",
    (("Split", r" ?[^(\s|[.,!?…。，、।۔،])]+", "Isolated"), _BYTES_ONLY): "bloom",
}


def add_tokenizer(writer: GGUFWriter, tokenizer: Any, vocabulary: int) -> None:
    """Write tokens, merges and template; EngineError 400 for a tokenizer that llama.cpp would read otherwise.

    `vocabulary`: rows of the model's embedding; where the tokenizer has fewer tokens, the rest is unused.
    """
    plan = json.loads(tokenizer.backend_tokenizer.to_str())
    model = plan["model"]
    cut = CUTS.get(_steps(plan.get("pre_tokenizer")))
    if model["type"] != "BPE" or model.get("byte_fallback") or cut is None or plan.get("normalizer"):
        message = (
            "The model cannot be exported as GGUF: its tokenizer cuts text in a way that is not known to be"
            " llama.cpp's. Choose peft or merged."
        )
        raise EngineError(400, "gguf_unsupported", message)
    tokens = [f"[PAD{i}]" for i in range(vocabulary)]
    kinds = [TokenType.UNUSED] * vocabulary
    for token, i in model["vocab"].items():
        tokens[i], kinds[i] = token, TokenType.NORMAL
    for added in plan["added_tokens"]:
        kind = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
        tokens[added["id"]], kinds[added["id"]] = added["content"], kind
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    # A file without merges is no BPE to llama.cpp; a single byte and a token that is none never meet.
    writer.add_token_merges(merges or [f"{tokens[0]} {tokens[0]}"])
    for id, add in (
        (tokenizer.bos_token_id, writer.add_bos_token_id),
        (tokenizer.eos_token_id, writer.add_eos_token_id),
        (tokenizer.pad_token_id, writer.add_pad_token_id),
    ):
        if id is not None:
            add(id)
    writer.add_add_bos_token(False)  # templates say where one stands, as they do here
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _steps(pre: dict[str, Any] | None) -> tuple[Any, ...]:
    """The steps of a pre-tokenizer, as `CUTS` has them."""
    if pre is None:
        return ()
    if pre["type"] == "Sequence":
        return tuple(step for part in pre["pretokenizers"] for step in _steps(part))
    kind = pre["type"]
    if kind == "ByteLevel":
        return ((kind, pre["add_prefix_space"], pre["use_regex"]),)
    if kind == "Split":
        pattern = pre["pattern"].get("Regex", pre["pattern"].get("String"))
        return ((kind, pattern, pre["behavior"]),) if not pre["invert"] else ((kind, "inverted"),)
    if kind == "Digits":
        return ((kind, pre["individual_digits"]),)
    if kind == "Punctuation":
        return ((kind, pre["behavior"]),)
    return ((kind,),)
