"""An adapter as other programs load it, PEFT, merged safetensors or GGUF; read back before it is done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from transformers import AutoConfig

from openlora.adapters.parity import check_parity, prompt_ids
from openlora.adapters.source import room
from openlora.adapters.store import FILES, Adapter, read_adapter
from openlora.errors import EngineError
from openlora.export.card import CARD, Provenance, write_card
from openlora.export.check import Check, check_gguf, check_merged
from openlora.export.families import context_of, require_gguf
from openlora.export.gguf_file import Precision, write_gguf
from openlora.export.merged import merge_into_base
from openlora.files import write_json
from openlora.models.base import BaseInfo
from openlora.verify import hashing

Format = Literal["peft", "merged", "gguf-f16", "gguf-q8_0"]
FORMATS: tuple[Format, ...] = get_args(Format)
RECORD = "export.json"  # beside the files: what they are, and by whom they were read back
STAGES = ("read", "write", "check")
# Bytes written for each of the base's weights, at most.
_BYTES = {"peft": 0.0, "merged": 4.2, "gguf-f16": 2.2, "gguf-q8_0": 1.4}
MOST_PROMPT = 48  # tokens of each prompt that is compared
Say = Callable[[str], None]


def export(
    kind: Format,
    adapter: Path,
    id: str,
    info: BaseInfo,
    tokenizer: Any,
    out: Path,
    device: torch.device,
    provenance: Provenance,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Write the adapter `id`, which lies in the folder `adapter`, to a new folder; returns its record.

    `say` is told each of `STAGES` as it begins. The folder is there whole, or not at all. EngineError 409
    where it exists or the adapter is of another base, 400 where the base's family has no such format, 507
    without room, 500 where what is read back is not what was served.
    """
    if out.exists():
        raise EngineError(409, "export_exists", f"{out} exists: export to a new folder.")
    stored = read_adapter(adapter, id)
    if stored.base_model != info.id:
        message = f"Adapter {id} is of the base {stored.base_model}, and this is {info.name} ({info.id})."
        raise EngineError(409, "adapter_other_base", message)
    if kind.startswith("gguf"):
        require_gguf(info.path, tokenizer)
    out.parent.mkdir(parents=True, exist_ok=True)
    needed = most_bytes(kind, info, stored.bytes)
    free = shutil.disk_usage(out.parent).free
    if free < needed:
        message = (
            f"The export needs {needed / 1e9:.2f} GB of room and the disk has {free / 1e9:.2f}: free some."
        )
        raise EngineError(507, "no_space", message)
    work = out.parent / f".{out.name}.{os.getpid()}.partial"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        with room(work):
            checks = _write(kind, adapter, stored, info, tokenizer, work, device, say)
            write_card(work / CARD, adapter, id, info, kind, provenance)
            files = [
                {
                    "name": path.name,
                    "bytes": path.stat().st_size,
                    "sha256": hashing.to_hex(hashing.sha256_file(path)),
                }
                for path in sorted(work.iterdir())
            ]
            record = {
                "format": kind,
                "adapter": id,
                "baseModel": info.id,
                "files": files,
                "checks": [check.public() for check in checks],
            }
            write_json(work / RECORD, record)
            os.replace(work, out)
        return record
    finally:
        shutil.rmtree(work, ignore_errors=True)


def most_bytes(kind: Format, info: BaseInfo, adapter_bytes: int) -> int:
    """Room that an export takes at most, an upper bound of what there will be to download."""
    return int(_BYTES[kind] * info.parameters) + 2 * adapter_bytes


def _write(
    kind: Format,
    adapter: Path,
    stored: Adapter,
    info: BaseInfo,
    tokenizer: Any,
    work: Path,
    device: torch.device,
    say: Say,
) -> list[Check]:
    say("read")
    prompts = [ids[:MOST_PROMPT] for ids in prompt_ids(tokenizer)]
    if kind == "peft":
        say("write")
        for name in FILES:
            shutil.copyfile(adapter / name, work / name)
        say("check")
        parity = check_parity(work, stored, info.path, prompts, device)
        return [Check("peft", parity.difference, parity.limit)]
    if kind != "merged":
        longest = context_of(AutoConfig.from_pretrained(info.path)) - 1  # llama.cpp answers with a token more
        prompts = [ids[:longest] for ids in prompts]
    model, expected = merge_into_base(info.path, stored, prompts, device)
    say("write")
    if kind == "merged":
        model.save_pretrained(work, max_shard_size="5GB")
        tokenizer.save_pretrained(work)
        say("check")
        return [check_merged(work, expected, prompts, "float32")]
    precision: Precision = "f16" if kind == "gguf-f16" else "q8_0"
    path = work / f"{info.name.lower()}-{stored.id[2:10]}-{precision}.gguf"
    write_gguf(model, tokenizer, path, precision, f"{info.name} with {stored.id[:10]}", info.licence)
    say("check")
    return check_gguf(path, model.config, tokenizer, expected, prompts, precision)
