"""The same requests to vLLM, where it is installed. Never run so far."""

from __future__ import annotations

import importlib.util
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from transformers import LlamaConfig

from bench.gpu.decode import MEMORY, answers
from bench.gpu.setting import Setting, make_adapters, make_base
from bench.measure import Measure
from bench.serving import prompts
from openlora.adapters.cache import AdapterCache, Choice
from openlora.config import core_count
from openlora.engine.llm_engine import LLMEngine


class Skipped(Exception):
    """A part that cannot be run here, and why."""


def peer(of: Setting) -> list[Measure]:
    """All tokens of answers ÷ all time, prompts read within it, of one round each after one that warms up."""
    if importlib.util.find_spec("vllm") is None:
        raise Skipped("vLLM is not installed here")
    base = make_base(of)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store, ids = make_adapters(base, root / "store", of.sequences, of.rank)
        adapters = AdapterCache(store, base, MEMORY, "bench")
        engine = LLMEngine(base, -1, core_count(), of.limits(base), adapters, of.operators())
        try:
            answers(of, engine, [Choice.one(id) for id in ids], 2)
            ours = answers(of, engine, [Choice.one(id) for id in ids]).whole_rate
        finally:
            engine.close()
        LlamaConfig(**of.model, architectures=["LlamaForCausalLM"]).save_pretrained(root / "base")
        theirs = _theirs(of, root / "base", [store.folder(id) for id in ids])
    return [
        Measure("gpu", "prompts and answers together, by vLLM", theirs, "tokens/s"),
        Measure("gpu", "ours ÷ vLLM's", ours / theirs, "", ">=1"),
    ]


def _theirs(of: Setting, model: Path, folders: list[Path]) -> float:
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    llm = LLM(
        model=str(model),
        skip_tokenizer_init=True,
        load_format="dummy",  # random weights
        dtype="bfloat16",
        enable_lora=True,
        max_loras=of.sequences,
        max_lora_rank=of.rank,
        max_num_seqs=of.sequences,
        max_model_len=of.prompt + of.answer + 16,
        gpu_memory_utilization=0.5,  # the other half is ours
        enable_prefix_caching=False,
    )
    loras = [LoRARequest(f"a{number}", number + 1, str(path)) for number, path in enumerate(folders)]
    rate = 0.0
    for seed in (1, 2):
        asked: list[Any] = [{"prompt_token_ids": tokens} for tokens in prompts(len(loras), of.prompt, seed)]
        settings = SamplingParams(
            temperature=0, max_tokens=of.answer, min_tokens=of.answer, ignore_eos=True, detokenize=False
        )
        started = time.monotonic()
        found = llm.generate(asked, settings, lora_request=loras, use_tqdm=False)
        tokens = sum(len(each.outputs[0].token_ids) for each in found)
        rate = tokens / (time.monotonic() - started)
    print(json.dumps({"bench": "gpu", "peer": "vllm", "version": _version()}))
    return rate


def _version() -> str:
    from importlib.metadata import version

    return version("vllm")
