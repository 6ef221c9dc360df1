"""The attribution index of a release: built once after training, opened for queries.

A folder: `index.json`, `rows.i8` [n, k], `projection.f32` [k, dimensions] and, for records that come later,
`record_maps.f32` [tensors, k, k]; all row-major, little endian, memory-mapped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openlora.attribution import projection
from openlora.attribution.gradients import Slice, choose_slices, loss_gradients
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraWeights
from openlora.train.data import Example
from openlora.verify import hashing

INDEX = "index.json"
ROWS = "rows.i8"
PROJECTION = "projection.f32"
RECORD_MAPS = "record_maps.f32"
GRADIENT_BATCH = 8  # records per pass
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
    max_length: int | None = None,
) -> dict[str, Any]:
    """Write the index of `train` at the checkpoint's weights; returns what goes into the job's result.

    `max_length`: tokens at which the training cut a record; records that come later are cut there too.
    """
    slices = list(slices or choose_slices(weights))
    folder.mkdir(parents=True, exist_ok=True)
    count, dimensions = len(train), slices[-1].end
    total = count + len(held_out)
    scratch = folder / "gradients.f32"
    gradients = np.memmap(scratch, np.float32, "w+", shape=(count, dimensions))
    done = 0
    for places, found in _gradients(base, weights, slices, train, divisor):
        gradients[places] = found
        done += len(places)
        progress(done, total)
    seed = rotation_seed(checkpoint)
    matrix = np.memmap(folder / PROJECTION, np.float32, "w+", shape=(count, dimensions))
    maps = np.memmap(folder / RECORD_MAPS, np.float32, "w+", shape=(len(slices), count, count))
    made = projection.project(gradients, slices, int.from_bytes(seed[:8], "big"), matrix, record_maps=maps)
    matrix.flush()
    maps.flush()
    rows = projection.quantise_rows(made.rows)
    rows.values.tofile(folder / ROWS)
    null, source = _null_scores(base, weights, slices, gradients, matrix, rows.values, train, held_out,
                                divisor, lambda done: progress(count + done, total))  # fmt: skip
    threshold = projection.null_threshold(null, count)
    del gradients
    scratch.unlink()
    head = {
        "rows": count,
        "k": count,
        "seed": hashing.to_hex(seed),
        "projectionHash": hashing.to_hex(hashing.sha256_file(folder / PROJECTION)),
        "nullThreshold": threshold,
        "fidelity": "provisional",
    }
    body = {
        **head,
        "checkpoint": checkpoint,
        "damping": projection.DAMPING,
        "dimensions": dimensions,
        "lossDivisor": divisor,
        "maxLength": max_length,
        "recordMapsHash": hashing.to_hex(hashing.sha256_file(folder / RECORD_MAPS)),
        "rowStep": rows.step,
        "nullSource": source,
        "tensors": [[piece.layer, piece.part] for piece in slices],
        "leaves": [
            {
                "position": i,
                "recordId": example.record_id,
                "cluster": example.cluster,
                "tokensRoot": hashing.to_hex(hashing.tokens_root(example.tokens)),
                "scaleBits": hashing.float_bits(float(rows.norms[i])),
                "rowRoot": hashing.to_hex(hashing.row_root(rows.values[i])),
            }
            for i, example in enumerate(train)
        ],
    }
    (folder / INDEX).write_text(json.dumps(body), encoding="utf-8")
    return head


def _gradients(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    examples: Sequence[Example],
    divisor: float,
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Places in `examples` and their gradients [places, dimensions], batched by length to save padding."""
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].tokens))
    for start in range(0, len(order), GRADIENT_BATCH):
        places = order[start : start + GRADIENT_BATCH]
        _, found = loss_gradients(base, weights, slices, [examples[i] for i in places], divisor)
        yield places, found.cpu().numpy()


def _null_scores(
    base: BaseModel,
    weights: LoraWeights,
    slices: Sequence[Slice],
    gradients: np.ndarray,
    matrix: np.ndarray,
    rows: np.ndarray,
    train: Sequence[Example],
    held_out: Sequence[Example],
    divisor: float,
    progress: Callable[[int], None],
) -> tuple[np.ndarray, str]:
    """Scores of records against rows they did not shape, and which records these were.

    Held-out records where there are any; else each trained record against the rows of other clusters.
    """
    clusters = np.array([example.cluster for example in train])
    examples = held_out or train
    found: list[np.ndarray] = []
    batches = (
        _gradients(base, weights, slices, held_out, divisor)
        if held_out
        else (([i], gradients[i : i + 1]) for i in range(len(train)))
    )
    for places, raws in batches:
        for place, raw in zip(places, raws, strict=True):
            query = projection.quantise_query(matrix @ raw)
            totals = projection.scores(rows, query).sum(axis=1)
            found.append(totals[clusters != examples[place].cluster])
        if held_out:
            progress(len(found))
    null = np.concatenate(found)
    return (null if len(null) else np.zeros(1)), "held-out" if held_out else "other clusters"


@dataclass(frozen=True)
class Leaf:
    position: int
    record_id: str
    cluster: str
    row_root: str


class AttributionIndex:
    """An index opened for queries; rows and projection are checked against their hashes once."""

    def __init__(self, folder: Path) -> None:
        head = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        self.k: int = head["k"]
        self.null_threshold: int = head["nullThreshold"]
        self.checkpoint: str = head["checkpoint"]
        self.divisor: float = head["lossDivisor"]
        # What 1 stands for in a row. Only ratios of scores are ever paid, and older indexes do not say.
        self.step: float = head.get("rowStep", 1.0)
        self.max_length: int | None = head.get("maxLength")
        self.record_maps_hash: str | None = head.get("recordMapsHash")
        self.folder = folder
        self.tensors: list[tuple[str, str]] = [(layer, part) for layer, part in head["tensors"]]
        self.rows = np.fromfile(folder / ROWS, np.int8).reshape(head["rows"], self.k)
        self.matrix = np.memmap(folder / PROJECTION, np.float32, "r", shape=(self.k, head["dimensions"]))
        self.leaves = [
            Leaf(leaf["position"], leaf["recordId"], leaf["cluster"], leaf["rowRoot"])
            for leaf in head["leaves"]
        ]
        projection_hash = hashing.to_hex(hashing.sha256_file(folder / PROJECTION))
        roots = [hashing.to_hex(hashing.row_root(row)) for row in self.rows]
        if projection_hash != head["projectionHash"] or roots != [x.row_root for x in self.leaves]:
            raise EngineError(
                409,
                "index_tampered",
                "The attribution index is not the one that was built: train the release again.",
            )


def index_leaves(folder: Path) -> list[dict[str, Any]]:
    """What the service needs to build the leaves of the index tree."""
    body = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    leaves: list[dict[str, Any]] = body["leaves"]
    return leaves
