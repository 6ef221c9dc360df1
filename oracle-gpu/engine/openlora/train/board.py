"""A training's events as TensorBoard reads them."""

from __future__ import annotations

import time
from pathlib import Path

from openlora.errors import EngineError
from openlora.train.events import Event


class Board:
    """Writes into `folder`; EngineError 400 without tensorboardX, which is optional."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            message = "TensorBoard events need tensorboardX: pip install 'openlora[tensorboard]'."
            raise EngineError(400, "no_tensorboard", message) from error
        # Its file is named by the second, and a training may be gone on with within one.
        self._writer = SummaryWriter(str(folder), flush_secs=10, filename_suffix=f".{time.time_ns()}")
        self._step = 0

    def take(self, event: Event) -> None:
        """Losses, learning rate and speed by step; what was measured on held-out records before and after."""
        if event["type"] == "step":
            self._step = event["step"]
            self._add("train/loss", event["loss"], event)
            self._add("train/learning_rate", event["learningRate"], event)
            self._add("train/tokens_per_second", event["tokensPerSecond"], event)
        elif event["type"] in ("evaluation", "held-out") and event["heldOutLoss"] is not None:
            self._add("held_out/loss", event["heldOutLoss"], event)

    def close(self) -> None:
        self._writer.close()

    def _add(self, name: str, value: float, event: Event) -> None:
        self._writer.add_scalar(name, value, self._step, walltime=event["time"])
