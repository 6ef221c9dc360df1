"""Which records each step is trained on, how fast, and what their losses are divided by."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from openlora.errors import EngineError
from openlora.train.data import Split, batches, split
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.spec import Row, Training

WARMUP = 0.06  # of all steps, before the decay, where a training does not say otherwise


def loss_divisor(examples: Sequence[Example], per_step: int) -> int:
    """Units of an average step (trained tokens, or comparisons), so that the objective is per unit."""
    mean = sum(example.units for example in examples) / len(examples)
    return max(1, round(mean * min(per_step, len(examples))))


def step_count(examples: int, training: Training) -> int:
    """Of a whole training over that many records."""
    return math.ceil(math.ceil(examples / training.batchSize) / training.accumulate) * training.epochs


def learning_rate(
    step: int, steps: int, peak: float, schedule: str = "linear", warmup: float = WARMUP
) -> float:
    """Linear warm-up, then linear or cosine decay, or none; `step` counts from 1."""
    warm = max(1, round(warmup * steps))
    left = (steps - step + 1) / max(1, steps - warm + 1)
    if schedule == "constant":
        decayed = 1.0
    elif schedule == "cosine":
        decayed = (1 + math.cos(math.pi * (1 - min(1.0, left)))) / 2
    else:
        decayed = left
    return peak * min(step / warm, decayed)


def steps_of(examples: list[Example], training: Training) -> Iterator[tuple[int, list[list[Example]]]]:
    """Epoch, from 1, and the batches of every step, as many as gradients are accumulated over."""
    for epoch in range(training.epochs):
        drawn = draw(examples, training, epoch)
        left = batches(drawn, training.batchSize, training.seed, epoch)
        while step := list(islice(left, training.accumulate)):
            yield epoch + 1, step


def draw(examples: list[Example], training: Training, epoch: int) -> list[Example]:
    """The records of one epoch: all of them once, or as many by the weights of a mix.

    Of each datanet the epochs go through one endless row of its shuffled records, so that none is drawn a
    second time before all were drawn once.
    """
    if not training.mix:
        return examples
    drawn: list[Example] = []
    for share, count in zip(training.mix, _counts(len(examples), training), strict=True):
        own = [example for example in examples if example.datanet == share.datanet]
        row = _endless(own, f"{training.seed}:mix:{share.datanet}")
        drawn += islice(row, epoch * count, (epoch + 1) * count)
    return drawn


def prepare(tokenizer: Any, rows: Sequence[Row], training: Training) -> Split:
    """The rows as examples, split; EngineError 400 names what cannot be trained on, and why."""
    records = [row.plain for row in rows]
    examples = make_examples(tokenizer, records, training.maxLength, training.beta)
    parts = split(examples, training.heldOutEvery, training.heldOutBy)
    if not parts.train:
        message = "No record is left to train on: all are held out. Raise heldOutEvery."
        raise EngineError(400, "invalid_request", message, field="training.heldOutEvery")
    if training.patience and not parts.held_out:
        message = (
            f"{len(examples)} records leave none to hold out at heldOutEvery {training.heldOutEvery}:"
            " lower it, or set patience to 0."
        )
        raise EngineError(400, "invalid_request", message, field="training.patience")
    require_mix(parts.train, training)
    return parts


def require_mix(examples: Sequence[Example], training: Training) -> None:
    """EngineError 400 where a mix does not name the datanets that the records are of."""
    if not training.mix:
        return
    named: set[int | None] = {share.datanet for share in training.mix}
    found = {example.datanet for example in examples}
    for datanet in named - found:
        message = f"The mix names datanet {datanet}, of which no record is trained on: leave it out."
        raise EngineError(400, "invalid_request", message, field="training.mix")
    for other in found - named:
        what = "records of no datanet" if other is None else f"records of datanet {other}"
        message = f"There are {what} without a weight in the mix: give every datanet one."
        raise EngineError(400, "invalid_request", message, field="training.mix")


def _counts(total: int, training: Training) -> list[int]:
    """Records of each share in an epoch: largest remainders, the first share winning ties."""
    weights = [share.weight for share in training.mix]
    exact = [total * weight for weight in weights]
    counts = [value // sum(weights) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: (-(exact[i] % sum(weights)), i))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return counts


def _endless(own: Sequence[Example], seed: str) -> Iterator[Example]:
    turn = 0
    while own:
        row = list(own)
        random.Random(f"{seed}:{turn}").shuffle(row)
        yield from row
        turn += 1
