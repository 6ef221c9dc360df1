"""Which method predicts retrains best, on the tuning task: `python -m bench.attribution.explore numpy`.

Prints the linear datamodeling score of every method over the half-subsets that were run so far.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch

from bench.attribution import tasks
from bench.attribution.grams import Grams, load_or_compute
from bench.attribution.lds import correlations
from bench.attribution.retrains import WORK, Study
from openlora.models.base import BaseModel, choose_device, load_base
from openlora.train.trainer import loss_divisor

Scores = np.ndarray  # float64 [questions, records]


def dot(grams: Grams, chosen: Sequence[int]) -> Scores:
    found: Scores = grams.across(chosen).sum(axis=0)
    return found


def cosine(grams: Grams, chosen: Sequence[int]) -> Scores:
    found: Scores = dot(grams, chosen) / np.sqrt(np.diag(grams.within(chosen).sum(axis=0)))
    return found


def whole(grams: Grams, chosen: Sequence[int], damping: float) -> Scores:
    """Gauss–Newton from the records' own gradients over all tensors together."""
    within = grams.within(chosen).sum(axis=0)
    found: Scores = dot(grams, chosen) @ _inverse(within, damping)
    return found


def by_tensor(grams: Grams, chosen: Sequence[int], damping: float) -> Scores:
    """Gauss–Newton from the records' own gradients, tensor by tensor."""
    total: Scores = np.zeros_like(grams.across(chosen[:1])[0])
    for tensor in chosen:
        total += grams.across([tensor])[0] @ _inverse(grams.within([tensor])[0], damping)
    return total


def clipped(grams: Grams, chosen: Sequence[int], damping: float, power: float = 1.0) -> Scores:
    """`by_tensor` with rows cut at their median norm (power 1), as the index ships them."""
    square = np.zeros(grams.records)
    for tensor in chosen:
        within = grams.within([tensor])[0]
        inverse = _inverse(within, damping)
        square += np.diag(inverse @ within @ inverse)
    norms = np.sqrt(square)
    cut = np.maximum(1, norms / np.median(norms)) ** power
    found: Scores = by_tensor(grams, chosen, damping) / cut
    return found


def _inverse(within: np.ndarray, damping: float) -> np.ndarray:
    mean = np.trace(within) / len(within)
    if mean == 0:
        return np.zeros_like(within)
    found: np.ndarray = np.linalg.inv(within + damping * mean * np.eye(len(within)))
    return found


def choices(names: Sequence[str]) -> dict[str, list[int]]:
    """Sets of tensors by what they are."""
    layers = max(int(name.split(".")[2]) for name in names) + 1

    def pick(word: str, part: str, low: float = 0, high: float = 1) -> list[int]:
        return [
            i
            for i, name in enumerate(names)
            if word in name
            and name.endswith(part)
            and low * layers <= int(name.split(".")[2]) < high * layers
        ]

    return {
        "all": pick("", ""),
        "B": pick("", ".B"),
        "A": pick("", ".A"),
        "down": pick("down_proj", ""),
        "down B": pick("down_proj", ".B"),
        "down B upper half": pick("down_proj", ".B", 0.5),
        "down B lower half": pick("down_proj", ".B", 0, 0.5),
        "gate up B": pick("gate_proj", ".B") + pick("up_proj", ".B"),
        "v o B": pick("v_proj", ".B") + pick("o_proj", ".B"),
        "q k B": pick("q_proj", ".B") + pick("k_proj", ".B"),
        "upper half": pick("", "", 0.5),
        "lower half": pick("", "", 0, 0.5),
        "middle B": pick("", ".B", 1 / 3, 2 / 3),
    }


def methods(grams: Grams) -> Iterator[tuple[str, Scores]]:
    sets = choices(grams.names)
    everything = sets["all"]
    yield "dot", dot(grams, everything)
    yield "cosine", cosine(grams, everything)
    for damping in (0.3, 1, 3):
        yield f"whole {damping}", whole(grams, everything, damping)
    for name, chosen in sets.items():
        yield f"by tensor 1, {name}", by_tensor(grams, chosen, 1)
    for damping in (0.1, 0.3, 3, 10):
        yield f"by tensor {damping}, all", by_tensor(grams, everything, damping)
        yield f"by tensor {damping}, B", by_tensor(grams, sets["B"], damping)
    for power in (0.5, 1.0):
        yield f"clipped {power}, all", clipped(grams, everything, 1, power)
    adam = grams.adam()
    yield "adam dot", dot(adam, everything)
    yield "adam cosine", cosine(adam, everything)
    for damping in (0.3, 1, 3):
        yield f"adam whole {damping}", whole(adam, everything, damping)
        yield f"adam by tensor {damping}", by_tensor(adam, everything, damping)
        yield f"adam by tensor {damping}, B", by_tensor(adam, sets["B"], damping)


def open_grams(study: Study, fraction: float, seed: int = 0, shrink: float = 1.0) -> Grams:
    folder = WORK / study.task.name / str(seed)
    name = f"grams-{fraction}" + ("" if shrink == 1 else f"-shrunk-{shrink}")
    divisor = loss_divisor(study.task.train, tasks.TRAINING.batchSize)
    file, checkpoint = folder / f"{name}.npz", folder / f"{fraction}"
    return load_or_compute(
        file, checkpoint, lambda: _base(study.info.path), study.task.train, study.targets(), divisor, shrink
    )


@cache
def _base(path: Path) -> BaseModel:
    return load_base(path, torch.float32, choose_device("auto"), "eager")


def truth(study: Study, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Masks bool [runs, records] and losses [runs, questions] of the half-subsets run so far."""
    runs = study.runs(seed)
    masks = np.zeros((len(runs), len(study.task.train)), dtype=bool)
    for row, number in enumerate(runs):
        masks[row, tasks.subset(study.task.name, number, masks.shape[1])] = True
    return masks, np.stack([study.losses(f"{seed}/{number}") for number in runs])


def main(name: str, fractions: Sequence[float]) -> None:
    torch.set_num_threads(2)
    study = Study(name)
    masks, losses = truth(study)
    for fraction in fractions:
        grams = open_grams(study, fraction)
        for label, scores in methods(grams):
            each = correlations(scores, masks, losses)
            known, unknown = each[: tasks.KNOWN].mean(), each[tasks.KNOWN :].mean()
            print(
                f"{fraction:5} {label:32} {each.mean():.3f}  known {known:.3f} unknown {unknown:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1], [float(x) for x in sys.argv[2:]] or [0.5])
