"""How well a release's scores foretell what its records do, in integers that every implementation repeats.

A record's score says how much training on it lowers an answer's loss. So the summed scores of the records
that a run was trained on should order the runs as their losses do: Spearman's correlation over the runs,
averaged over the questions (the linear datamodeling score). docs/calibration.md has each rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np

from openlora.errors import EngineError
from openlora.verify import hashing

MIN_RUNS = 24
MAX_RUNS = 256
MIN_QUESTIONS = 16
MAX_QUESTIONS = 64
PPM = 10**6
TAG = b"openledger calibration"
# Student's t for 95 %, two-sided, at the degrees of freedom of the fewest pairs of runs; in thousandths.
T_95 = 2_201


@dataclass(frozen=True)
class Fidelity:
    """Bps of a correlation: the mean over questions and its 95 % interval."""

    lds_bps: int
    low_bps: int
    high_bps: int


def half_subset(adapter: str, run: int, records: int) -> list[int]:
    """Positions of the records that run `run` is trained on; runs 2i and 2i + 1 are complements.

    Fixed by the adapter, so that nobody can try halves until some please him.
    """
    head = TAG + hashing.from_hex(adapter) + (run // 2).to_bytes(4, "big")
    order = sorted(range(records), key=lambda at: hashing.keccak256(head + at.to_bytes(4, "big")))
    return sorted(order[: records // 2] if run % 2 == 0 else order[records // 2 :])


def measure(
    adapter: str, scores: Sequence[Sequence[int]], losses: Sequence[Sequence[int]], records: int
) -> Fidelity:
    """From scores [questions][records] and losses [runs][questions] in micro-nats.

    EngineError 400 where there are too few runs or questions, or they do not fit together.
    """
    _require_shape(scores, losses, records)
    included = [half_subset(adapter, run, records) for run in range(len(losses))]
    predicted = [[sum(row[at] for at in taken) for row in scores] for taken in included]
    pairs, questions = len(losses) // 2, len(scores)

    def correlations(left_out: int | None) -> list[int]:
        kept = [run for run in range(len(losses)) if run // 2 != left_out]
        return [
            spearman([predicted[run][q] for run in kept], [-losses[run][q] for run in kept])
            for q in range(questions)
        ]

    found = correlations(None)
    total = sum(found)
    without = [sum(correlations(pair)) for pair in range(pairs)]
    # Variance of the mean: jackknife over pairs of runs, plus that of the mean over questions.
    a = pairs * sum(x * x for x in without) - sum(without) ** 2
    b = questions * sum(x * x for x in found) - total * total
    numerator = (pairs - 1) * (questions - 1) * a + pairs * pairs * b
    denominator = pairs * pairs * questions * questions * (questions - 1)
    half = isqrt(T_95 * T_95 * numerator // (PPM * denominator)) + 1
    scale = questions * (PPM // 10_000)
    return Fidelity(
        total // scale,
        max(-10_000, (total - half * questions) // scale),
        min(10_000, -((-total - half * questions) // scale)),
    )


def spearman(x: Sequence[int], y: Sequence[int]) -> int:
    """Spearman's correlation in ppm, towards zero; 0 where one of both is constant."""
    a, b = _ranks(x), _ranks(y)
    product = sum(i * j for i, j in zip(a, b, strict=True))
    spread = sum(i * i for i in a) * sum(j * j for j in b)
    if spread == 0:
        return 0
    size = isqrt(product * product * PPM * PPM // spread)
    return size if product >= 0 else -size


def _ranks(values: Sequence[int]) -> list[int]:
    """Twice each value's rank among all, from their middle; equal values share theirs."""
    ordered = np.sort(np.array(values, dtype=np.int64))
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return [int(rank) for rank in below + upto - len(values)]


def _require_shape(scores: Sequence[Sequence[int]], losses: Sequence[Sequence[int]], records: int) -> None:
    if len(losses) % 2 or not MIN_RUNS <= len(losses) <= MAX_RUNS:
        message = f"{len(losses)} runs are no calibration: an even number from {MIN_RUNS} to {MAX_RUNS} is."
        raise EngineError(400, "bad_calibration", message)
    if not MIN_QUESTIONS <= len(scores) <= MAX_QUESTIONS:
        message = f"{len(scores)} questions are no calibration: {MIN_QUESTIONS} to {MAX_QUESTIONS} are."
        raise EngineError(400, "bad_calibration", message)
    if any(len(row) != records for row in scores) or any(len(run) != len(scores) for run in losses):
        message = "Each question needs a score for every record, and each run a loss for every question."
        raise EngineError(400, "bad_calibration", message)
