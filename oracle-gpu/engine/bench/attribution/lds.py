"""Linear datamodeling score: do summed scores of the records kept predict the loss of a retrained model?"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def correlations(scores: np.ndarray, masks: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Spearman's, per question: float64 [questions].

    scores [questions, records]: larger means that training on the record lowers the question's loss;
    masks bool [runs, records]; losses [runs, questions].
    """
    predicted = masks.astype(np.float64) @ scores.T  # [runs, questions]
    return _pearson(rankdata(predicted, axis=0), rankdata(-losses, axis=0))


def _pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a = a - a.mean(axis=0)
    b = b - b.mean(axis=0)
    spread = np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    found: np.ndarray = (a * b).sum(axis=0) / np.where(spread == 0, 1, spread)
    return found


def ceiling(first: np.ndarray, second: np.ndarray) -> float:
    """The most any score can reach: √ of how well one seed's losses [runs, questions] predict another's."""
    agreement = float(_pearson(rankdata(first, axis=0), rankdata(second, axis=0)).mean())
    return float(np.sqrt(max(agreement, 0.0)))


def interval(
    scores: np.ndarray, masks: np.ndarray, losses: np.ndarray, draws: int = 1_000, seed: int = 0
) -> tuple[float, float]:
    """95 % of the mean over questions, by bootstrap over runs and questions together."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        runs = generator.integers(len(masks), size=len(masks))
        questions = generator.integers(len(scores), size=len(scores))
        found.append(correlations(scores[questions], masks[runs], losses[np.ix_(runs, questions)]).mean())
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def lead(
    ours: np.ndarray,
    theirs: np.ndarray,
    masks: np.ndarray,
    losses: np.ndarray,
    draws: int = 1_000,
    seed: int = 0,
) -> float:
    """Lower 2.5 % bound of our score minus theirs, by paired bootstrap over runs and questions."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        runs = generator.integers(len(masks), size=len(masks))
        questions = generator.integers(len(ours), size=len(ours))
        drawn = masks[runs], losses[np.ix_(runs, questions)]
        found.append(
            correlations(ours[questions], *drawn).mean() - correlations(theirs[questions], *drawn).mean()
        )
    return float(np.quantile(found, 0.025))
