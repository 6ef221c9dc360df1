"""Inner products of the gradients of all records and questions, tensor by tensor, at one checkpoint.

Everything that is tried on small studies follows from these; nothing of full size is kept.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from openlora.adapters.store import adapter_id, read_adapter
from openlora.attribution.gradients import loss_gradients, make_slices
from openlora.models.base import BaseModel
from openlora.ops.lora import LoraPair, fit
from openlora.train.examples import Marked

BATCH = 8  # sequences per pass


@dataclass(frozen=True)
class Grams:
    names: list[str]  # of the tensors: `model.layers.0.mlp.down_proj.B`
    values: np.ndarray  # float32 [tensors, records + questions, records + questions]
    # The same with gradients scaled as Adam does: by the records' root mean square, component by component.
    scaled: np.ndarray
    records: int
    sizes: list[int]  # components of each tensor

    def adam(self) -> Grams:
        return Grams(self.names, self.scaled, self.scaled, self.records, self.sizes)

    def within(self, chosen: Sequence[int]) -> np.ndarray:
        """[chosen, records, records]"""
        return self.values[list(chosen), : self.records, : self.records].astype(np.float64)

    def across(self, chosen: Sequence[int]) -> np.ndarray:
        """[chosen, questions, records]"""
        return self.values[list(chosen), self.records :, : self.records].astype(np.float64)


def compute(
    base: BaseModel,
    weights: dict[str, LoraPair],
    records: Sequence[Marked],
    questions: Sequence[Marked],
    divisor: float,
) -> Grams:
    """Gradients of every LoRA tensor, on disk meanwhile: 10 MB a sequence for a 135M model at rank 8."""
    slices = make_slices(weights, [(layer, part) for layer in sorted(weights) for part in "AB"])
    sequences = [*records, *questions]
    shape = (len(sequences), slices[-1].end)
    values = np.empty((len(slices), len(sequences), len(sequences)), np.float32)
    scaled = np.empty_like(values)
    with tempfile.TemporaryFile() as file:
        gradients = np.memmap(file, np.float32, "w+", shape=shape)
        order = sorted(range(len(sequences)), key=lambda i: len(sequences[i].tokens))
        started = time.monotonic()
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            _, found = loss_gradients(base, weights, slices, [sequences[i] for i in places], divisor)
            gradients[places] = found.cpu().numpy()
            done = start + len(places)
            left = (time.monotonic() - started) / done * (len(order) - done)
            print(f"\rgradients {done}/{len(order)}, {left:.0f} s left ", end="", flush=True)
        for place, piece in enumerate(slices):
            block = np.array(gradients[:, piece.start : piece.end])
            np.matmul(block, block.T, out=values[place])
            block *= _adam_scale(block[: len(records)])
            np.matmul(block, block.T, out=scaled[place])
        print("\r", end="")
    names = [f"{piece.layer}.{piece.part}" for piece in slices]
    return Grams(names, values, scaled, len(records), [piece.end - piece.start for piece in slices])


def _adam_scale(block: np.ndarray) -> np.ndarray:
    """√(1 ÷ root mean square), so that an inner product carries it once: [dimensions]."""
    rms = np.sqrt(np.mean(np.square(block, dtype=np.float64), axis=0))
    scale: np.ndarray = (1 / np.sqrt(np.maximum(rms, 1e-12 * max(float(rms.max()), 1e-300)))).astype(
        np.float32
    )
    return scale


def load_or_compute(
    file: Path,
    checkpoint: Path,
    base: Callable[[], BaseModel],
    records: Sequence[Marked],
    questions: Sequence[Marked],
    divisor: float,
    shrink: float = 1.0,
) -> Grams:
    """`shrink` scales LoRA B: 0.5 stands half-way between the base and the adapter."""
    if not file.exists():
        model = base()
        stored = read_adapter(checkpoint, adapter_id(checkpoint)).weights
        weights = fit(stored, model.switch, torch.float32, torch.device("cpu"))
        shrunk = {name: replace(pair, b=pair.b * shrink) for name, pair in weights.items()}
        made = compute(model, shrunk, records, questions, divisor)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.npz")
        np.savez(
            partial,
            values=made.values,
            scaled=made.scaled,
            names=json.dumps(made.names),
            records=made.records,
            sizes=made.sizes,
        )
        partial.rename(file)
    with np.load(file) as found:
        names, sizes = json.loads(str(found["names"])), [int(size) for size in found["sizes"]]
        return Grams(names, found["values"], found["scaled"], int(found["records"]), sizes)
