"""The number of a calibration is the same in every implementation, and what statistics says it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from openlora.attribution.fidelity import Fidelity, half_subset, measure, spearman
from openlora.errors import EngineError

from .conftest import VECTORS, Json

ADAPTER = "0x" + "5a" * 32


@pytest.fixture(scope="module")
def vectors() -> Json:
    found: Json = json.loads((VECTORS / "calibration.json").read_text())
    return found


def test_calibrations_are_those_of_the_vectors(vectors: Json) -> None:
    scores, losses = iter(vectors["scores"]), iter(vectors["losses"])
    for i, adapter in enumerate(vectors["adapter"]):
        records, questions, runs = (vectors[name][i] for name in ("records", "questions", "runs"))
        scored = [[next(scores) for _ in range(records)] for _ in range(questions)]
        lost = [[next(losses) for _ in range(questions)] for _ in range(runs)]
        assert half_subset(adapter, 2, records) == vectors["thirdSubset"][i]
        expected = Fidelity(*(vectors[name][i] for name in ("ldsBps", "lowBps", "highBps")))
        assert measure(adapter, scored, lost, records) == expected, vectors["kind"][i]
    assert next(scores, None) is None
    assert next(losses, None) is None


@pytest.mark.parametrize("values", [7, 1_000])
def test_spearman_is_the_usual_one_with_and_without_ties(values: int) -> None:
    generator = np.random.default_rng(values)
    for _ in range(50):
        x, y = generator.integers(values, size=(2, 24))
        assert abs(spearman(x.tolist(), y.tolist()) / 1e6 - spearmanr(x, y).statistic) < 2e-6
    assert spearman([1] * 24, list(range(24))) == 0


@pytest.mark.parametrize("records", [16, 17])
def test_pairs_of_runs_are_complements_and_pairs_differ(records: int) -> None:
    for pair in range(12):
        first, second = (half_subset(ADAPTER, 2 * pair + i, records) for i in range(2))
        assert sorted(first + second) == list(range(records))
        assert len(first) == records // 2
    assert half_subset(ADAPTER, 0, records) != half_subset(ADAPTER, 2, records)
    assert half_subset(ADAPTER, 0, records) != half_subset("0x" + "5b" * 32, 0, records)


def drawn(generator: np.random.Generator, runs: int, noise: float) -> Fidelity:
    """A calibration of 24 questions about 60 records whose scores are true up to noise in the losses."""
    scores = generator.normal(0, 100, size=(24, 60)).round().astype(int)
    included = [half_subset(ADAPTER, run, 60) for run in range(runs)]
    effects = np.array([scores[:, taken].sum(axis=1) for taken in included])
    losses = 10**7 - (effects + generator.normal(0, noise, effects.shape) * effects.std()) * 100
    return measure(ADAPTER, scores.tolist(), losses.round().astype(int).tolist(), 60)


def test_the_interval_holds_the_number_that_many_runs_tend_to() -> None:
    generator = np.random.default_rng(1)
    truth = float(np.mean([drawn(generator, 256, 1.0).lds_bps for _ in range(4)]))
    found = [drawn(generator, 24, 1.0) for _ in range(40)]
    held = sum(one.low_bps <= truth <= one.high_bps for one in found)
    assert held >= 36, f"{held} of 40 intervals hold {truth}"
    widths = [drawn(generator, runs, 1.0) for runs in (24, 128)]
    assert widths[1].high_bps - widths[1].low_bps < widths[0].high_bps - widths[0].low_bps


@pytest.mark.parametrize(
    ("runs", "questions", "missing", "words"),
    [
        (22, 16, 0, "22 runs"),
        (25, 16, 0, "25 runs"),
        (24, 15, 0, "15 questions"),
        (24, 16, 1, "a score for every record"),
    ],
)
def test_what_is_too_little_is_refused(runs: int, questions: int, missing: int, words: str) -> None:
    scores = [[1] * (20 - missing) for _ in range(questions)]
    losses = [[5] * questions for _ in range(runs)]
    with pytest.raises(EngineError, match=words):
        measure(ADAPTER, scores, losses, 20)
