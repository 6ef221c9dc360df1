"""Adapters on disk: named by their digest, safetensors only, verified on every load."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from openlora.errors import EngineError
from openlora.models.quantise import QUANTISATION
from openlora.ops.lora import LoraPair
from openlora.verify import hashing

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
FILES = (WEIGHTS, CONFIG)
_ID = re.compile(r"0x[0-9a-f]{64}")
MAGNITUDE = "magnitude_vector"
_KEY = re.compile(
    rf"base_model\.model\.(?P<layer>.+)\.lora_((?P<part>[AB])\.weight|(?P<vector>{MAGNITUDE})(\.weight)?)"
)
# `fan_in_fan_out` may be there: it says that the base keeps its weights transposed, not the adapter.
_REFUSED = ("modules_to_save", "layers_to_transform", "rank_pattern", "alpha_pattern",
            "trainable_token_indices", "target_parameters", "lora_bias")  # fmt: skip


@dataclass(frozen=True)
class Adapter:
    id: str
    weights: dict[str, LoraPair]  # by linear layer, as stored (float32): `fit` them to the base's layers
    rank: int
    bytes: int
    base_model: str
    quantised: bool  # trained on the base in four bits: gradients are taken there too


def adapter_id(folder: Path) -> str:
    """Digest of the adapter in `folder`: sha256(sha256(safetensors) ‖ sha256(canonical config))."""
    config = json.loads((folder / CONFIG).read_bytes())
    weights = hashing.sha256_file(folder / WEIGHTS)
    return hashing.to_hex(hashing.content_id(weights, config))


def write_adapter(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> str:
    """Write an adapter in PEFT's layout, its config canonical; returns its id."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    (folder / WEIGHTS).write_bytes(save_tensors(plain, metadata={"format": "pt"}))
    (folder / CONFIG).write_bytes(hashing.canonical(dict(config)))
    return adapter_id(folder)


def read_adapter(folder: Path, expected_id: str) -> Adapter:
    """Load and verify; EngineError 409 when the files are not what the id names or cannot be served."""
    try:
        raw = (folder / WEIGHTS).read_bytes()
        config = json.loads((folder / CONFIG).read_bytes())
        found = hashing.to_hex(hashing.content_id(hashing.sha256(raw), config))
    except (OSError, ValueError) as error:
        raise _tampered(expected_id) from error
    if found != expected_id:
        raise _tampered(expected_id)
    if config.get("peft_type") != "LORA" or config.get("bias", "none") != "none":
        raise _unservable(expected_id, "it is not a plain LoRA adapter")
    for option in _REFUSED:
        if config.get(option):
            raise _unservable(expected_id, f"it uses {option}")
    quantisation = config.get("base_quantization")
    if quantisation not in (None, QUANTISATION):
        raise _unservable(expected_id, "its base was quantised in a way that is not known here")
    rank = int(config["r"])
    scale = config["lora_alpha"] / (rank**0.5 if config.get("use_rslora") else rank)
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in load_tensors(raw).items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise _unservable(expected_id, f"it has a tensor {key} that is no LoRA weight")
        parts.setdefault(match["layer"], {})[match["part"] or match["vector"]] = tensor.float()
    weights: dict[str, LoraPair] = {}
    for layer, pair in sorted(parts.items()):
        magnitude = pair.pop(MAGNITUDE, None)
        if set(pair) != {"A", "B"} or pair["A"].shape[0] != rank or pair["B"].shape[1] != rank:
            raise _unservable(expected_id, f"its tensors of {layer} do not fit rank {rank}")
        _check_magnitude(expected_id, layer, magnitude, bool(config.get("use_dora")), len(pair["B"]))
        weights[layer] = LoraPair(pair["A"], pair["B"], scale, magnitude=magnitude)
    base = str(config.get("base_model_name_or_path", ""))
    return Adapter(expected_id, weights, rank, len(raw), base, quantisation is not None)


def _check_magnitude(id: str, layer: str, magnitude: Tensor | None, wanted: bool, outputs: int) -> None:
    """DoRA has one number for each output of a layer; a zero would silence it."""
    if magnitude is None and wanted:
        raise _unservable(id, f"it uses DoRA and {layer} has no magnitude")
    if magnitude is not None and not wanted:
        raise _unservable(id, f"{layer} has a magnitude and its config does not say use_dora")
    if magnitude is None:
        return
    if magnitude.shape != (outputs,):
        raise _unservable(id, f"the magnitude of {layer} is not {outputs} numbers")
    if not (magnitude.isfinite() & (magnitude != 0)).all():
        raise _unservable(id, f"the magnitude of {layer} has a number that is zero or not finite")


def _tampered(id: str) -> EngineError:
    message = f"The files of adapter {id} are not those its id names: import or train it again."
    return EngineError(409, "adapter_tampered", message)


def _unservable(id: str, reason: str) -> EngineError:
    return EngineError(409, "adapter_unsupported", f"Adapter {id} cannot be served: {reason}.")


class AdapterStore:
    """`root/<id>/`: the two adapter files and, when trained here, `index/`, `checkpoint/` and `spans/`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lent: dict[str, Path] = {}  # folders elsewhere, while they last
        root.mkdir(parents=True, exist_ok=True)

    def lend(self, id: str, folder: Path) -> None:
        """Let the adapter in a folder elsewhere be read as `id`, which its files must hash to when they are.

        Until that folder is gone, or this process ends; it is not listed.
        """
        self._lent[id] = folder

    def folder(self, id: str) -> Path:
        """Folder of a known adapter; EngineError 404 otherwise."""
        if _ID.fullmatch(id) is None or not (self._root / id / CONFIG).exists():
            lent = self._lent.get(id)
            if lent is not None and (lent / CONFIG).exists():
                return lent
            raise EngineError(
                404, "adapter_not_found", f"There is no adapter {id}: train it here or import it first."
            )
        return self._root / id

    def put(self, source: Path) -> str:
        """Move a finished adapter folder into the store under its digest; returns the id."""
        id = adapter_id(source)
        target = self._root / id
        if not target.exists():
            os.replace(source, target)
        else:  # the same bytes again: keep the newest index
            for part in ("index", "checkpoint", "spans"):
                if (source / part).exists():
                    shutil.rmtree(target / part, ignore_errors=True)
                    os.replace(source / part, target / part)
            shutil.rmtree(source)
        return id

    def workspace(self) -> Path:
        """A fresh folder on the store's own disk, to be filled and then `put`."""
        return Path(tempfile.mkdtemp(prefix=".new-", dir=self._root))

    def list(self, resident: Container[str] = ()) -> list[dict[str, Any]]:
        """All adapters; `loaded` are those in memory, whose ids are `resident`."""
        found = []
        for folder in sorted(self._root.glob("0x*")):
            config = json.loads((folder / CONFIG).read_bytes())
            found.append(
                {
                    "id": folder.name,
                    "baseModel": config.get("base_model_name_or_path", ""),
                    "bytes": (folder / WEIGHTS).stat().st_size,
                    "rank": config.get("r"),
                    "loaded": folder.name in resident,
                    "hasIndex": (folder / "index" / "index.json").exists(),
                }
            )
        return found

    def file(self, id: str, name: str) -> Path:
        if name not in FILES:
            raise EngineError(404, "file_not_found", f"An adapter has the files {' and '.join(FILES)}.")
        return self.folder(id) / name
