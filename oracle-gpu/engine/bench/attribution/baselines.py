"""What attribution is compared with: text similarity, and gradients without or with another curvature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from bench.attribution.grams import Grams

Scores = np.ndarray  # float64 [questions, records]
K1, B = 1.5, 0.75  # BM25's usual constants
WORD = r"(?u)\b\w+\b"


def bm25(records: Sequence[str], questions: Sequence[str]) -> Scores:
    """Okapi's BM25 over lower-cased words."""
    vectorizer = CountVectorizer(token_pattern=WORD)
    counts = vectorizer.fit_transform(records).toarray().astype(np.float64)
    asked = vectorizer.transform(questions).toarray()
    length = counts.sum(axis=1, keepdims=True)
    present = (counts > 0).sum(axis=0)
    rarity = np.log1p((len(records) - present + 0.5) / (present + 0.5))
    weight = counts * (K1 + 1) / (counts + K1 * (1 - B + B * length / length.mean()))
    found: Scores = asked @ (rarity * weight).T
    return found


def tf_idf(records: Sequence[str], questions: Sequence[str]) -> Scores:
    """Cosine of words weighted by rarity."""
    vectorizer = TfidfVectorizer(token_pattern=WORD, sublinear_tf=True)
    rows = vectorizer.fit_transform(records)
    found: Scores = (vectorizer.transform(questions) @ rows.T).toarray()
    return found


def embeddings(
    records: Sequence[str], questions: Sequence[str], embed: Callable[[Sequence[str]], np.ndarray]
) -> Scores:
    """Cosine of sentence embeddings; `embed` gives unit rows."""
    found: Scores = (embed(questions) @ embed(records).T).astype(np.float64)
    return found


def dot(grams: Grams) -> Scores:
    """GradDot over all tensors."""
    found: Scores = grams.across(range(len(grams.names))).sum(axis=0)
    return found


def cosine(grams: Grams) -> Scores:
    within = grams.within(range(len(grams.names))).sum(axis=0)
    found: Scores = dot(grams) / np.sqrt(np.diag(within))
    return found


def datainf(grams: Grams) -> Scores:
    """DataInf (Kwon et al., ICLR 2024, arXiv 2310.00902), tensor by tensor.

    It swaps the mean and the inverse: H⁻¹ ≈ 1/(nλ) Σᵢ (I − gᵢgᵢᵀ / (λ + |gᵢ|²)), with λ a tenth of the mean
    of the squared components, as the paper has it.
    """
    total = np.zeros((grams.values.shape[1] - grams.records, grams.records))
    for tensor, size in enumerate(grams.sizes):
        within, across = grams.within([tensor])[0], grams.across([tensor])[0]
        squares = np.diag(within)
        damping = 0.1 * squares.mean() / size
        if damping == 0:
            continue
        correction = (across / (damping + squares)) @ within / grams.records
        total += (across - correction) / damping
    return total
