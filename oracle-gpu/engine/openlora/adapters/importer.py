"""Adapters that were trained elsewhere: checked, compared with PEFT, and kept under their digest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from safetensors import SafetensorError, safe_open

from openlora.adapters.parity import check_parity, prompt_ids
from openlora.adapters.source import FolderSource, Source, fetch, pickle_refused, room
from openlora.adapters.store import CONFIG, WEIGHTS, AdapterStore, adapter_id, read_adapter
from openlora.config import MAX_IMPORTED_RANK, Sources
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.models.base import BaseInfo
from openlora.verify import hashing

ORIGIN = "import.json"  # beside the adapter: where it came from
# What a configuration may say for itself. Everything else must be as PEFT has it by default: there are
# options that import modules by name, replace the base's weights or change what a layer computes.
_OWN = frozenset(
    ("peft_type", "task_type", "base_model_name_or_path", "base_quantization", "revision", "r", "lora_alpha",
     "lora_dropout", "use_rslora", "use_dora", "target_modules", "exclude_modules", "fan_in_fan_out",
     "inference_mode", "init_lora_weights", "auto_mapping", "peft_version", "bias")
)  # fmt: skip
# Ways to begin a training that leave the base as it is.
_BEGINNINGS = (True, False, None, "gaussian", "eva", "orthogonal")
_FLOATS = ("F64", "F32", "F16", "BF16")


def import_adapter(
    source: Source,
    name: str,
    store: AdapterStore,
    info: BaseInfo,
    tokenizer: Any,
    device: torch.device,
    sources: Sources,
    digest: str | None = None,
    trained_on: str | None = None,
) -> dict[str, Any]:
    """Fetch, check and keep an adapter; returns what `POST /v1/adapters/import` answers.

    `name` is what the source is called. `digest` is the adapter's id where it is known; what comes from IPFS
    must have one, since any gateway can send anything. `trained_on` confirms the base that the configuration
    names, where that is not this base's own name. EngineError otherwise; then nothing is kept.
    """
    if digest is None and name.startswith("ipfs://"):
        message = "An adapter from IPFS needs its digest, the adapter's id: a gateway can send anything."
        raise EngineError(400, "digest_needed", message)
    work = store.workspace()
    try:
        fetch(source, work, sources)
        config = _read_config(work / CONFIG)
        _check_weights(work / WEIGHTS, name)
        given = adapter_id(work)
        if digest is not None and given != digest:
            message = f"{name} is not adapter {digest} but {given}: ask for the one that is there."
            raise EngineError(409, "adapter_digest", message, found=given)
        _check_config(config, info, trained_on)
        trained_on = str(config["base_model_name_or_path"])
        with room(work):
            (work / CONFIG).write_bytes(hashing.canonical({**config, "base_model_name_or_path": info.id}))
        id = adapter_id(work)
        adapter = read_adapter(work, id)
        if not adapter.weights:
            raise EngineError(400, "adapter_malformed", f"{name} has no tensors: it changes nothing.")
        parity = check_parity(work, adapter, info.path, prompt_ids(tokenizer), device)
        shown = source.path.name if isinstance(source, FolderSource) else name  # no paths of this machine
        origin = {"source": shown, "digest": given, "trainedOn": trained_on, "parity": parity.public()}
        with room(work):
            write_json(work / ORIGIN, origin)
            store.put(work)
        return {
            "id": id,
            "rank": adapter.rank,
            "bytes": adapter.bytes,
            "layers": len(adapter.weights),
            **origin,
        }
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
        hashing.canonical(config)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"{CONFIG} is no JSON") from error
    if not isinstance(config, dict):
        raise _malformed(f"{CONFIG} is no object")
    return config


def _check_weights(path: Path, name: str) -> None:
    """The file is safetensors, whole, and every number in it finite."""
    with path.open("rb") as file:
        head = file.read(9)
    # Safetensors begins with a length in eight bytes and a brace; pickles with 0x80, or as a zip of them.
    if head[8:] != b"{" and (head[:4] == b"PK\x03\x04" or head[:1] == b"\x80"):
        raise pickle_refused(name)
    try:
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - no mapping
                kind = file.get_slice(key).get_dtype()
                if kind not in _FLOATS:
                    raise _malformed(f"its tensor {key} holds {kind}, not numbers with a fraction")
                if not torch.isfinite(file.get_tensor(key)).all():
                    message = f"The adapter's tensor {key} has a number that is not finite: train it again."
                    raise EngineError(422, "adapter_not_finite", message)
    except SafetensorError as error:
        raise _malformed(f"{WEIGHTS} cannot be read ({error})") from error


def _check_config(config: Mapping[str, Any], info: BaseInfo, trained_on: str | None) -> None:
    if config.get("peft_type") != "LORA":
        raise _malformed("it is no LoRA adapter")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or isinstance(rank, bool) or not 1 <= rank <= MAX_IMPORTED_RANK:
        raise _malformed(f"its rank is not a whole number from 1 to {MAX_IMPORTED_RANK}")
    if not isinstance(alpha, int | float) or isinstance(alpha, bool) or not 0 < abs(alpha) <= 1e6:
        raise _malformed("its lora_alpha is no number")
    base = config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise _malformed("it does not say which base it was trained on")
    named = base.rpartition("/")[2].lower() == info.name.lower()
    confirmed = base == trained_on and not base.startswith("0x")  # a digest speaks for itself
    if base != info.id and not named and not confirmed:
        message = (
            f"This adapter was trained on {base}, and this engine serves {info.name} ({info.id}). If that is"
            f" the same model, confirm its name by trainedOn: {base}."
        )
        raise EngineError(409, "adapter_other_base", message, trainedOn=base)
    if config.get("init_lora_weights", True) not in _BEGINNINGS:
        raise _unsupported(f"init_lora_weights {config['init_lora_weights']}, which changes the base itself")
    usual = LoraConfig().to_dict()
    for option, value in config.items():
        if option not in _OWN and value and value != usual.get(option):
            raise _unsupported(option)


def _malformed(reason: str) -> EngineError:
    return EngineError(400, "adapter_malformed", f"The adapter cannot be imported: {reason}.")


def _unsupported(option: str) -> EngineError:
    message = f"The adapter cannot be served here: it uses {option}. Train it without."
    return EngineError(409, "adapter_unsupported", message)
