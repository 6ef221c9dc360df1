"""Two runs differ by the records they were trained on, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from openlora.models.base import load_tokenizer, read_info
from openlora.train.data import batches
from openlora.train.examples import Example
from openlora.train.retrain import Retrainer
from openlora.train.rows import make_examples
from openlora.train.spec import Method, Training
from openlora.train.trainer import Trainer
from openlora.train.training_log import TrainingLog

from .conftest import record

TRAINING = Training(epochs=2, batchSize=4, learningRate=0.01)


@pytest.fixture
def examples(base_path: Path) -> list[Example]:
    return make_examples(load_tokenizer(base_path), [record(i) for i in range(10)], 128)


@pytest.fixture
def trainer(base_path: Path) -> Trainer:
    return Trainer(read_info(base_path), Method(rank=4), TRAINING, 2, torch.device("cpu"))


def nothing(step: int, steps: int) -> None: ...


def weights(trainer: Trainer) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in trainer.parameters])


def test_a_run_over_all_records_is_the_training_itself_and_repeats(
    trainer: Trainer, examples: list[Example], tmp_path: Path
) -> None:
    retrainer = Retrainer(trainer, examples)
    trainer.train(examples, TrainingLog(tmp_path / "log"), tmp_path, lambda _: None, lambda *_: None)
    trained = weights(trainer)
    for included in (None, {example.record_id for example in examples}):
        retrainer.run(included, nothing)
        assert torch.equal(weights(trainer), trained)


def test_a_run_over_no_record_changes_nothing(trainer: Trainer, examples: list[Example]) -> None:
    start = weights(trainer)
    retrainer = Retrainer(trainer, examples)
    retrainer.run(set(), nothing)
    assert torch.equal(weights(trainer), start)


def test_records_left_out_keep_their_slots(trainer: Trainer, examples: list[Example]) -> None:
    out = {examples[0].record_id, examples[7].record_id}
    included = {example.record_id for example in examples} - out
    taken = [[x.record_id for x in step.records] for step in trainer.steps(examples, included)]
    expected = [
        [x.record_id for x in batch if x.record_id not in out]
        for epoch in range(TRAINING.epochs)
        for batch in batches(examples, TRAINING.batchSize, TRAINING.seed, epoch)
    ]
    assert taken == expected
    rates = [step.learning_rate for step in trainer.steps(examples, included)]
    assert rates == [step.learning_rate for step in trainer.steps(examples)]


def test_a_record_is_learnt_where_it_is_trained_on(trainer: Trainer, examples: list[Example]) -> None:
    retrainer = Retrainer(trainer, examples)
    ids = [example.record_id for example in examples]
    found = []
    for included in (set(ids[:5]), set(ids[5:])):
        retrainer.run(included, nothing)
        found.append(retrainer.losses(examples))
    gain = found[1] - found[0]  # of having been trained on the first half
    assert gain[:5].mean() > 0 > gain[5:].mean()


def test_losses_are_those_of_the_trainer_in_the_order_given(
    trainer: Trainer, examples: list[Example]
) -> None:
    retrainer = Retrainer(trainer, examples)
    with torch.no_grad():
        expected = [float(trainer.record_losses([example])[0]) for example in examples]
    np.testing.assert_allclose(retrainer.losses(examples), expected, rtol=1e-4)
