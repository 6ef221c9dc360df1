"""The attribution index of a release: built once after training, opened for queries.

A folder: `index.json` and `rows.i8` [n, k], row-major; up to `LOSSLESS_ROWS` records also `projection.f32`
[k, dimensions], the rotation into the rows' own span, and, for records that come later, `record_maps.f32`
[tensors, k, k], little endian. Beyond, vectors are mixed by the seed alone (`mixing.py`). Files are
memory-mapped; `index.json` is written last, so that a build which was cut short leaves nothing to open, and
goes on from the gradients that it had.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from openlora.attribution import gradient_file, mixing, projection, wide
from openlora.attribution.gradients import Slice, choose_slices
from openlora.attribution.null import Project, null_scores
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraWeights
from openlora.train.examples import Example
from openlora.verify import hashing

INDEX = "index.json"
ROWS = "rows.i8"
PROJECTION = "projection.f32"
RECORD_MAPS = "record_maps.f32"
LOSSLESS_ROWS = 4_096  # records up to which rows are rotated into their own span
Progress = Callable[[int, int], None]


def rotation_seed(checkpoint: str) -> bytes:
    """32 bytes fixed by the checkpoint, so that nobody can try rotations until one pleases him."""
    return hashing.keccak256(b"openlora rotation" + hashing.from_hex(checkpoint))


def build_index(
    folder: Path,
    base: BaseModel,
    weights: LoraWeights,
    checkpoint: str,
    train: Sequence[Example],
    held_out: Sequence[Example],
    divisor: float,
    progress: Progress,
    slices: Sequence[Slice] | None = None,
    lossless: int = LOSSLESS_ROWS,
    max_length: int | None = None,
) -> dict[str, Any]:
    """Write the index of `train` at the checkpoint's weights; returns what goes into the job's result.

    A build that was killed goes on when it is called again with the same arguments. EngineError 422 names a
    record whose gradient is not finite, or says that no gradient reached the chosen tensors. `max_length`:
    tokens at which the training cut a record; records that come later are cut there too.
    """
    slices = list(slices or choose_slices(weights, len(train)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX).unlink(missing_ok=True)
    count, total = len(train), len(train) + len(held_out)
    gradients = gradient_file.collect(
        folder, base, weights, checkpoint, slices, train, divisor, lambda done: progress(done, total)
    )
    seed = rotation_seed(checkpoint)
    made = (_rotated if count <= lossless else _mixed)(folder, gradients, slices, seed)
    if not made.norms.any():
        message = "No gradient reached the tensors that attribution looks at: train again with another base."
        raise EngineError(422, "no_gradients", message)
    null, source = null_scores(
        made.project, made.rows, train, held_out, gradients,
        lambda some: gradient_file.batches(base, weights, slices, some, divisor),
        lambda done: progress(count + done, total),
    )  # fmt: skip
    del gradients
    head = {
        "rows": count,
        "k": made.rows.shape[1],
        "seed": hashing.to_hex(seed),
        "projectionHash": hashing.to_hex(made.projection_hash),
        "rowsHash": hashing.to_hex(hashing.sha256_file(folder / ROWS)),
        "nullThreshold": projection.null_threshold(null, count),
        "fidelity": "provisional",
    }
    body = {
        **head,
        "projection": made.kind,
        "checkpoint": checkpoint,
        "damping": projection.DAMPING,
        "dimensions": slices[-1].end,
        "lossDivisor": divisor,
        "maxLength": max_length,
        "recordMapsHash": made.record_maps_hash,
        "rowStep": made.step,
        "nullSource": source,
        "tensors": [[piece.layer, piece.part] for piece in slices],
        "leaves": [
            {
                "position": i,
                "recordId": example.record_id,
                "cluster": example.cluster,
                "tokensRoot": hashing.to_hex(hashing.tokens_root(example.tokens)),
                "scaleBits": hashing.float_bits(float(made.norms[i])),
                "rowRoot": hashing.to_hex(hashing.row_root(np.asarray(made.rows[i]))),
            }
            for i, example in enumerate(train)
        ],
    }
    partial_file = folder / f"{INDEX}.partial"
    partial_file.write_text(json.dumps(body), encoding="utf-8")
    os.replace(partial_file, folder / INDEX)
    gradient_file.discard(folder)
    return head


@dataclass(frozen=True)
class _Made:
    kind: str  # how raw gradients become rows and queries: "rotated" or "mixed"
    rows: np.ndarray  # int8 [n, k], also in the file
    norms: np.ndarray  # float32 [n], clipped
    step: float
    project: Project
    projection_hash: bytes
    record_maps_hash: str | None  # None where records that come later cannot be placed


def _rotated(folder: Path, gradients: np.ndarray, slices: Sequence[Slice], seed: bytes) -> _Made:
    """Lossless: rows in the span of all of them."""
    matrix = np.memmap(folder / PROJECTION, np.float32, "w+", shape=gradients.shape)
    count = len(gradients)
    maps = np.memmap(folder / RECORD_MAPS, np.float32, "w+", shape=(len(slices), count, count))
    made = projection.project(gradients, slices, _number(seed), matrix, record_maps=maps)
    matrix.flush()
    maps.flush()
    rows = projection.quantise_rows(made.rows)
    rows.values.tofile(folder / ROWS)
    digest = hashing.sha256_file(folder / PROJECTION)
    placed = hashing.to_hex(hashing.sha256_file(folder / RECORD_MAPS))
    return _Made("rotated", rows.values, rows.norms, rows.step, partial(_rotate, matrix), digest, placed)


def _mixed(folder: Path, gradients: np.ndarray, slices: Sequence[Slice], seed: bytes) -> _Made:
    """For any number of records: memory does not grow with it."""
    scratch = folder / wide.PRECONDITIONED
    preconditioned = np.memmap(scratch, np.float32, "w+", shape=gradients.shape)
    wide.precondition(gradients, slices, _number(seed), preconditioned)
    k = mixing.mixed_size(gradients.shape[1], wide.MOST_COMPONENTS)
    rows, norms, step = wide.write_rows(preconditioned, k, _number(seed), folder / ROWS)
    del preconditioned
    scratch.unlink()
    for name in (PROJECTION, RECORD_MAPS):
        (folder / name).unlink(missing_ok=True)
    project = partial(_mix, k=k, seed=_number(seed))
    return _Made("mixed", rows, norms, step, project, mixing_hash(gradients.shape[1], k, seed), None)


def mixing_hash(dimensions: int, k: int, seed: bytes) -> bytes:
    """What a release commits to as the projection of a mixed index: nothing else decides it."""
    value = {"projection": "mixed", "dimensions": dimensions, "k": k, "seed": hashing.to_hex(seed)}
    return hashing.sha256(hashing.canonical(value))


def _rotate(matrix: np.ndarray, raw: np.ndarray) -> np.ndarray:
    rotated: np.ndarray = matrix @ raw
    return rotated


def _mix(raw: np.ndarray, k: int, seed: int) -> np.ndarray:
    mixed: np.ndarray = mixing.mix(raw[None], k, seed)[0]
    return mixed


def _number(seed: bytes) -> int:
    return int.from_bytes(seed[:8], "big")


@dataclass(frozen=True)
class Leaf:
    position: int
    record_id: str
    cluster: str
    row_root: str


def tampered() -> EngineError:
    return EngineError(
        409,
        "index_tampered",
        "The attribution index is not the one that was built: train the release again.",
    )


class AttributionIndex:
    """An index opened for queries; rows and projection are checked against their hashes once."""

    def __init__(self, folder: Path) -> None:
        """EngineError 409 where a file is missing, cut short, or other than built."""
        self.folder = folder
        try:
            head = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            self.k: int = head["k"]
            self.null_threshold: int = head["nullThreshold"]
            self.checkpoint: str = head["checkpoint"]
            self.divisor: float = head["lossDivisor"]
            # What 1 stands for in a row. Only ratios of scores are ever paid, and older indexes do not say.
            self.step: float = head.get("rowStep", 1.0)
            self.max_length: int | None = head.get("maxLength")
            self.record_maps_hash: str | None = head.get("recordMapsHash")
            self.tensors: list[tuple[str, str]] = [(layer, part) for layer, part in head["tensors"]]
            self.leaves = [
                Leaf(leaf["position"], leaf["recordId"], leaf["cluster"], leaf["rowRoot"])
                for leaf in head["leaves"]
            ]
            self.rows = np.memmap(folder / ROWS, np.int8, "r", shape=(len(self.leaves), self.k))
            whole = (folder / ROWS).stat().st_size == self.rows.size
            self.project, digest = _open_projection(folder, head)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise tampered() from error
        roots = (hashing.to_hex(hashing.row_root(np.asarray(row))) for row in self.rows)
        sound = whole and hashing.to_hex(digest) == head["projectionHash"]
        if not sound or any(root != leaf.row_root for root, leaf in zip(roots, self.leaves, strict=True)):
            raise tampered()


def _open_projection(folder: Path, head: dict[str, Any]) -> tuple[Project, bytes]:
    """How a query is brought to the rows' space, and the hash of that."""
    dimensions, k = head["dimensions"], head["k"]
    if head.get("projection") == "mixed":
        seed = hashing.from_hex(head["seed"])
        return partial(_mix, k=k, seed=_number(seed)), mixing_hash(dimensions, k, seed)
    matrix = np.memmap(folder / PROJECTION, np.float32, "r", shape=(k, dimensions))
    return partial(_rotate, matrix), hashing.sha256_file(folder / PROJECTION)


def index_leaves(folder: Path) -> list[dict[str, Any]]:
    """What the service needs to build the leaves of the index tree."""
    body = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    leaves: list[dict[str, Any]] = body["leaves"]
    return leaves


def read_row(folder: Path, position: int) -> bytes:
    """int8 components [k] of one row; EngineError 404 where the index has no row at that position."""
    head = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    if not 0 <= position < head["rows"]:
        raise EngineError(
            404, "row_not_found", f"The index has {head['rows']} rows; there is none at {position}."
        )
    with (folder / ROWS).open("rb") as rows:
        rows.seek(position * head["k"])
        return rows.read(head["k"])
