"""Does attribution find the records of a question's own kind? `npm run bench -- classes`.

    python -m bench.attribution.classes

Three tasks (kinds.py), two of them DataInf's: ten kinds, 90 records of each trained on, 100 questions.
Of every question, the area under the curve that separates records of its kind from the others.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.attribution import baselines, kinds
from bench.attribution.explore import open_grams
from bench.attribution.measure import SHIPPED, shipped
from bench.attribution.retrains import WHOLE, Study
from bench.attribution.tasks import text_of
from bench.measure import Measure, report
from openlora.train.trainer import CHECKPOINT

GOAL = 0.995


def area(scores: np.ndarray, same: np.ndarray) -> float:
    """Mean over questions; scores and same [questions, records]."""
    return float(np.mean([roc_auc_score(mine, each) for mine, each in zip(same, scores, strict=True)]))


def figures(name: str) -> list[Measure]:
    trained, asked = kinds.make(name)
    same = np.array([[record.kind == question.kind for record in trained] for question in asked])
    study = Study(name)
    study.run(WHOLE)
    grams = {fraction: open_grams(study, fraction) for fraction in (1.0, CHECKPOINT)}
    datainf = {fraction: area(baselines.datainf(found), same) for fraction, found in grams.items()}
    words = baselines.tf_idf(
        [text_of(example.messages) for example in study.task.train],
        [text_of(target.messages) for target in study.targets()],
    )
    ours = area(shipped(study)[0], same)
    found = {
        "DataInf, final adapter": datainf[1.0],
        "DataInf, same checkpoint": datainf[CHECKPOINT],
        "TF-IDF of question and answer": area(words, same),
    }
    # Without words in common there is no goal at this size of model; the figures are published.
    goal = None if name == "grammar" else f">={max(GOAL, *datainf.values()):.4f}"
    return [
        Measure("classes", f"{name}: {SHIPPED}", ours, "AUC", goal),
        *(Measure("classes", f"{name}: {way}", value, "AUC") for way, value in found.items()),
    ]


if __name__ == "__main__":
    report([measure for name in kinds.MAKERS for measure in figures(name)])
