"""An adapter as the serving layers read it, in one piece; on disk too, so that loading is reading.

Made once, when the adapter is first asked for: its files are verified by their digest and fitted to the base.
From then on a checksum tells whether the piece is whole.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from openlora.adapters.store import Adapter
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair, fit

log = logging.getLogger(__name__)
FORMAT = 1
_LENGTH = struct.Struct("<I")  # of the header, in bytes


@dataclass(frozen=True)
class PackedLayer:
    a: Tensor  # [rank, in]
    b: Tensor  # [rank, out], times the adapter's scale
    gain: Tensor | None  # DoRA: float32 [out]


@dataclass(frozen=True)
class Packed:
    key: str
    rank: int
    layers: Mapping[str, PackedLayer]
    bytes: int

    @property
    def is_dora(self) -> bool:
        return any(layer.gain is not None for layer in self.layers.values())

    def weights(self) -> dict[str, LoraPair]:
        """For a pass in which all tokens have this adapter."""
        return {name: LoraPair(x.a, x.b.T, 1.0, x.gain) for name, x in self.layers.items()}


def pack(adapter: Adapter, base: BaseModel) -> Packed:
    """EngineError 409 where the adapter does not fit the base."""
    layers = {}
    for name, pair in fit(adapter.weights, base.switch, torch.float32, base.device).items():
        scale = pair.scale.unsqueeze(1) if isinstance(pair.scale, Tensor) else pair.scale
        b = (pair.b * scale).T.to(base.dtype).contiguous()
        layers[name] = layer = PackedLayer(pair.a.to(base.dtype), b, pair.gain)
        if not all(part.isfinite().all() for part in (layer.a, layer.b)):
            message = f"Adapter {adapter.id} cannot be served: a weight of {name} is not a finite number."
            raise EngineError(409, "adapter_unsupported", message)
    return Packed(adapter.id, adapter.rank, layers, sum(part.nbytes for part in _parts(layers)))


def packed_path(folder: Path, dtype: torch.dtype, shard: str = "") -> Path:
    """`shard`: of a base that several processes hold, each with files of its own."""
    return folder / f"packed-{str(dtype).removeprefix('torch.')}{shard and '-' + shard}.bin"


def write_packed(path: Path, packed: Packed, base: str, dtype: torch.dtype) -> None:
    """Write it whole or not at all. A full disk costs time at the next load, nothing else."""
    body = b"".join(part.cpu().view(torch.uint8).numpy().tobytes() for part in _parts(packed.layers))
    header = json.dumps({
        **_expected(packed.key, base, dtype),
        "rank": packed.rank,
        "checksum": zlib.crc32(body),
        "layers": [
            [name, x.a.shape[1], x.b.shape[1], x.gain is not None] for name, x in packed.layers.items()
        ],
    }).encode()  # fmt: skip
    header += b" " * (-(len(header) + _LENGTH.size) % 8)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        partial.write_bytes(_LENGTH.pack(len(header)) + header + body)
        os.replace(partial, path)
    except OSError as error:
        log.warning("%s could not be written: %s", path, error)
        partial.unlink(missing_ok=True)


def read_packed(path: Path, key: str, base: str, dtype: torch.dtype, device: torch.device) -> Packed | None:
    """None where there is no such file, or it was made for another base, or it is not whole."""
    try:
        with path.open("rb") as file:
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            header: dict[str, Any] = json.loads(file.read(length))
            if any(header.get(name) != value for name, value in _expected(key, base, dtype).items()):
                return None
            body = torch.empty(path.stat().st_size - _LENGTH.size - length, dtype=torch.uint8)
            raw: memoryview = body.numpy().data
            if file.readinto(raw) != len(raw) or zlib.crc32(raw) != header["checksum"]:
                return None
    except (OSError, ValueError, KeyError, struct.error):
        return None
    return Packed(key, header["rank"], _cut(header, body.to(device), dtype), len(body))


def _cut(header: Mapping[str, Any], body: Tensor, dtype: torch.dtype) -> dict[str, PackedLayer]:
    """Views of `body`, in the order of `_parts`."""
    rank, place = header["rank"], 0

    def take(kind: torch.dtype, *shape: int) -> Tensor:
        nonlocal place
        size = kind.itemsize * torch.Size(shape).numel()
        part = body[place : place + size].view(kind).view(shape)
        place += size
        return part

    gains = {name: take(torch.float32, outside) for name, _, outside, has in header["layers"] if has}
    return {
        name: PackedLayer(take(dtype, rank, inside), take(dtype, rank, outside), gains.get(name))
        for name, inside, outside, _ in header["layers"]
    }


def _parts(layers: Mapping[str, PackedLayer]) -> Iterator[Tensor]:
    """Gains first: float32 wants the stricter alignment."""
    for layer in layers.values():
        if layer.gain is not None:
            yield layer.gain.contiguous()
    for layer in layers.values():
        yield layer.a.contiguous()
        yield layer.b.contiguous()


def _expected(key: str, base: str, dtype: torch.dtype) -> dict[str, Any]:
    return {"format": FORMAT, "adapter": key, "base": base, "dtype": str(dtype)}
