"""What each step is made of: accumulated batches, mixes, schedules, splits, packed rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from pydantic import ValidationError

from openlora.errors import EngineError
from openlora.models.base import load_tokenizer, read_info
from openlora.train import packing
from openlora.train.data import split
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.schedule import draw, learning_rate, loss_divisor, require_mix, step_count, steps_of
from openlora.train.spec import Method, Schedule, Training
from openlora.train.trainer import Trainer

from .conftest import record

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def examples(base_path: Path) -> list[Example]:
    return make_examples(load_tokenizer(base_path), [record(i) for i in range(10)], 128)


def make_trainer(base_path: Path, **training: Any) -> Trainer:
    return Trainer(read_info(base_path), Method(rank=2), Training(**training), 2, CPU)


def test_accumulated_batches_step_as_one_large_batch(base_path: Path, examples: list[Example]) -> None:
    whole = make_trainer(base_path, batchSize=4)
    parts = make_trainer(base_path, batchSize=2, accumulate=2)
    divisor = loss_divisor(examples, 4)
    terms = [
        *whole._step([examples[:4]], divisor, 1),
        *parts._step([examples[:2], examples[2:4]], divisor, 1),
    ]
    assert terms[:4] == pytest.approx(terms[4:], rel=1e-4)
    for one, other in zip(whole.parameters, parts.parameters, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_steps_are_counted_with_what_is_left_over(examples: list[Example]) -> None:
    training = Training(epochs=2, batchSize=2, accumulate=2)
    made = list(steps_of(examples, training))
    assert len(made) == step_count(10, training) == 6
    assert [len(batches) for _, batches in made] == [2, 2, 1] * 2
    assert [epoch for epoch, _ in made] == [1, 1, 1, 2, 2, 2]


@pytest.fixture(scope="module")
def uneven(base_path: Path) -> list[Example]:
    rows = [record(i) for i in range(5)]
    for i, row in enumerate(rows):
        row["messages"][-1]["content"] *= 1 + i
    return make_examples(load_tokenizer(base_path), rows, 256)


def learned(trainer: Trainer) -> Trainer:
    torch.manual_seed(1)
    with torch.no_grad():  # B begins at zero, where gradients of A vanish
        for parameter in trainer.parameters:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return trainer


def test_packed_records_have_the_losses_and_gradients_of_padded_ones(
    base_path: Path, uneven: list[Example]
) -> None:
    padded = learned(make_trainer(base_path))
    packed = learned(make_trainer(base_path, packing=True))
    assert packed.packs
    assert packing.saves(uneven)
    losses = [trainer.record_losses(uneven) for trainer in (padded, packed)]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-5, atol=1e-5)
    for loss, example in zip(losses[1], uneven, strict=True):
        alone = padded.record_losses([example])[0]
        torch.testing.assert_close(loss, alone, rtol=1e-5, atol=1e-5)
    gradients = [
        torch.autograd.grad(loss.sum(), trainer.parameters)
        for loss, trainer in zip(losses, (padded, packed), strict=True)
    ]
    for one, other in zip(*gradients, strict=True):
        assert one.norm() > 0
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_a_packed_record_does_not_see_another(base_path: Path, uneven: list[Example]) -> None:
    trainer = learned(make_trainer(base_path, packing=True))
    pair = [uneven[0], uneven[4]]
    assert packing.saves(pair)
    other = replace(uneven[0], tokens=[5] * len(uneven[0].tokens))
    with torch.no_grad():
        first = trainer.record_losses(pair)
        second = trainer.record_losses([other, uneven[4]])
    assert float(first[0]) != float(second[0])
    assert float(first[1]) == float(second[1])


def test_even_records_are_not_packed(uneven: list[Example]) -> None:
    assert not packing.saves([uneven[2]] * 4)


def test_a_mix_has_the_shares_it_asks_for_and_uses_all_records(examples: list[Example]) -> None:
    mixed = [replace(example, datanet=1 if i < 2 else 2) for i, example in enumerate(examples)]
    mix = [{"datanet": 1, "weight": 1}, {"datanet": 2, "weight": 1}]
    training = Training.model_validate({"epochs": 3, "mix": mix})
    require_mix(mixed, training)
    drawn = [draw(mixed, training, epoch) for epoch in range(3)]
    assert [Counter(x.datanet for x in epoch) for epoch in drawn] == [{1: 5, 2: 5}] * 3
    counts = Counter(x.record_id for epoch in drawn for x in epoch)
    assert {counts[x.record_id] for x in mixed[:2]} == {7, 8}
    assert {counts[x.record_id] for x in mixed[2:]} == {1, 2}
    assert drawn == [draw(mixed, training, epoch) for epoch in range(3)], "the seed decides"
    other = training.model_copy(update={"seed": 1})
    assert drawn[0] != draw(mixed, other, 0)


@pytest.mark.parametrize(
    ("datanets", "message"),
    [((1, 1), "datanet 2, of which no record"), ((1, 3), "datanet"), ((1, None), "records of no datanet")],
)
def test_a_mix_names_the_datanets_it_has(
    examples: list[Example], datanets: tuple[int | None, ...], message: str
) -> None:
    mix = [{"datanet": 1, "weight": 1}, {"datanet": 2, "weight": 3}][: len(set(datanets) - {None})]
    if len(set(datanets)) == 1:
        mix.append({"datanet": 2, "weight": 3})
    training = Training.model_validate({"mix": mix})
    mixed = [replace(e, datanet=d) for e, d in zip(examples, datanets, strict=False)]
    with pytest.raises(EngineError, match=message):
        require_mix(mixed, training)


def test_near_duplicates_are_held_out_together(examples: list[Example]) -> None:
    paired = [replace(example, cluster=f"{i // 2}") for i, example in enumerate(examples)]
    parts = split(paired, 2, "cluster")
    assert [e.cluster for e in parts.held_out] == ["1", "1", "3", "3"]
    assert {e.cluster for e in parts.train}.isdisjoint(e.cluster for e in parts.held_out)
    assert split(examples, 4, "cluster") == split(examples, 4), "the same where nothing is alike"


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_every_schedule_warms_up_and_keeps_its_promise(schedule: Schedule) -> None:
    rates = [learning_rate(step, 50, 1e-3, schedule, 0.2) for step in range(1, 51)]
    assert rates[:10] == pytest.approx([1e-4 * i for i in range(1, 11)], rel=0.06)
    assert max(rates) == pytest.approx(1e-3)
    if schedule == "constant":
        assert rates[9:] == pytest.approx([1e-3] * 41)
    else:
        assert rates[10:] == sorted(rates[10:], reverse=True)
        assert rates[-1] < 5e-5


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"patience": 2, "heldOutEvery": 0}, "patience needs held-out records"),
        ({"accumulate": 0}, "accumulate"),
        ({"schedule": "sudden"}, "schedule"),
        ({"mix": [{"datanet": 1, "weight": 1}] * 2}, "one weight"),
        ({"warmup": 0.9}, "warmup"),
    ],
)
def test_settings_that_make_no_sense_are_refused(training: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Training.model_validate(training)
