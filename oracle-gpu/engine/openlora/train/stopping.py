"""When a training has learned enough: held-out records get worse, epoch after epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from openlora.train.state import TrainState, numbered


class Stopping:
    """Keeps the weights of the best epoch; `patience` epochs without a better one end a training."""

    def __init__(self, patience: int, parameters: Sequence[Tensor]) -> None:
        self._patience = patience
        self._parameters = parameters
        self._best: list[Tensor] = []
        self._loss = math.inf
        self._worse = 0
        self.step = 0  # that the best weights are of

    def is_over(self, step: int, loss: float) -> bool:
        """Take note of the held-out loss after an epoch's last step."""
        if loss < self._loss:
            self._best = [parameter.detach().clone() for parameter in self._parameters]
            self._loss, self._worse, self.step = loss, 0, step
        else:
            self._worse += 1
        return self._worse >= self._patience

    def restore(self) -> None:
        """Put the best weights back."""
        with torch.no_grad():
            for parameter, best in zip(self._parameters, self._best, strict=True):
                parameter.copy_(best)

    @property
    def kept(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts and tensors for the state of the training."""
        facts = {"loss": self._loss, "worse": self._worse, "step": self.step} if self._best else None
        return {"best": facts}, {f"best.{i}": tensor for i, tensor in enumerate(self._best)}

    def resume(self, state: TrainState) -> None:
        found = state.facts.get("best")
        if found is None:
            return
        self._loss, self._worse, self.step = found["loss"], found["worse"], found["step"]
        self._best = [tensor.to(self._parameters[0].device) for tensor in numbered(state.tensors, "best")]
