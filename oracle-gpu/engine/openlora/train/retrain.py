"""The same training again without some of its records: what attribution claims to predict, measured."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

import numpy as np
import torch

from openlora.train.data import collate
from openlora.train.evaluate import EVALUATION_BATCH
from openlora.train.examples import Example, Marked
from openlora.train.losses import per_record, token_losses
from openlora.train.trainer import Trainer


class Retrainer:
    """Runs of one trainer from the same initial weights, in the same order, over subsets of `examples`."""

    def __init__(self, trainer: Trainer, examples: list[Example]) -> None:
        self._trainer = trainer
        self._examples = examples
        self._initial = [parameter.detach().clone() for parameter in trainer.parameters]

    def run(self, included: Container[str] | None, on_step: Callable[[int, int], None]) -> None:
        """Train on the records whose ids are in `included` (None: all); leaves the trainer's weights trained.

        `on_step(step, steps)` is called after each step.
        """
        with torch.no_grad():
            for parameter, start in zip(self._trainer.parameters, self._initial, strict=True):
                parameter.copy_(start)
        # Dropout would draw anew; a comparison of runs wants the records to be the only difference.
        torch.manual_seed(self._trainer.training.seed)
        for step in self._trainer.steps(self._examples, included):
            on_step(step.number, step.steps)

    def losses(self, targets: Sequence[Marked]) -> np.ndarray:
        """Summed loss of each target's trained tokens under the present weights: float64 [targets], nats."""
        trainer = self._trainer
        order = sorted(range(len(targets)), key=lambda i: len(targets[i].tokens))
        found = np.zeros(len(targets))
        for start in range(0, len(order), EVALUATION_BATCH):
            places = order[start : start + EVALUATION_BATCH]
            batch = collate([targets[i] for i in places], trainer.pad, trainer.device)
            with torch.no_grad(), trainer.precision():
                losses, _ = token_losses(trainer.model, batch)
            found[places] = per_record(losses, batch).double().cpu().numpy()
        return found
