"""How much of an answer its passages explain: integers, from how much each token surprises the model.

Surprise is −log p of the answer's own tokens in thousandths of a nat, summed. It is measured with all
clusters of passages, with none, with all but one, and with one alone. A cluster's effect is the larger of the
rise when it is left out and the fall when it alone is there: the first misses what two clusters both say, the
second what one says only together with another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WHOLE = 10_000  # parts
# An effect below this part of the strongest one is the manner of writing that passages of a kind share.
FAINT = 4
NOISE = 500  # thousandths of a nat: below it rounding decides
CITED_SHARE = 1_000  # a citation explains at least a tenth of its sentence
CITED_PART = 2  # and has at least half of the strongest effect
MOST_CITED = 3

Clusters = frozenset[int]  # which clusters of passages were there
Surprises = Mapping[Clusters, Sequence[int]]  # for each of them, per token of the answer


@dataclass(frozen=True)
class Explained:
    effects: list[int]  # per cluster, thousandths of a nat, 0 where faint
    support: list[int]  # per cluster, parts per 10,000


def thousandths(logprob: float) -> int:
    """Surprise of one token; at most 100 nats, so that sums stay finite."""
    return min(100_000, max(0, round(-1_000 * logprob))) if math.isfinite(logprob) else 100_000


def needed(clusters: int) -> list[Clusters]:
    """Which sets of clusters must be measured: all, none, all but one, one alone; no set twice."""
    everything = frozenset(range(clusters))
    sets = [everything, frozenset[int]()]
    for cluster in range(clusters):
        sets += [everything - {cluster}, frozenset({cluster})]
    return list(dict.fromkeys(sets))


def explain(surprises: Surprises, clusters: int, tokens: Sequence[int]) -> Explained:
    """What each cluster explains of the given tokens (places in the answer).

    support = ⌊10,000 · (none − all) · effect ÷ (none · Σ effects)⌋, so that all together never exceed what
    the passages took off the surprise; 0 where they took nothing off.
    """
    everything = frozenset(range(clusters))

    def total(there: Clusters) -> int:
        return sum(surprises[there][token] for token in tokens)

    everyone, nobody = total(everything), total(frozenset())
    effects = [
        max(0, total(everything - {cluster}) - everyone, nobody - total(frozenset({cluster})))
        for cluster in range(clusters)
    ]
    least = max([NOISE, *(effect // FAINT for effect in effects)])
    effects = [effect if effect >= least else 0 for effect in effects]
    explained, sum_of_effects = max(0, nobody - everyone), sum(effects)
    if explained == 0 or sum_of_effects == 0:
        return Explained([0] * clusters, [0] * clusters)
    support = [WHOLE * explained * effect // (nobody * sum_of_effects) for effect in effects]
    return Explained(effects, support)


def cited(explained: Explained) -> list[int]:
    """Clusters that a sentence is to cite, strongest first; none where it is unsupported."""
    strongest = max(explained.effects, default=0)
    found = [
        cluster
        for cluster, (effect, support) in enumerate(zip(explained.effects, explained.support, strict=True))
        if support >= CITED_SHARE and effect * CITED_PART >= strongest
    ]
    return sorted(found, key=lambda cluster: (-explained.effects[cluster], cluster))[:MOST_CITED]
