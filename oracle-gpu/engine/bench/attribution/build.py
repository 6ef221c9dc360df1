"""What an attribution index costs beside the training that it belongs to: `npm run bench -- index`.

    python -m bench.attribution.build

One epoch of the tuning task, as a job trains it; then the index of its records and of forty held-out ones,
built from the weights that this epoch gave. On the threads that a job would use.
"""

from __future__ import annotations

import gc
import tempfile
import time
from functools import partial
from pathlib import Path

import torch

from bench.attribution import tasks
from bench.attribution.retrains import MODELS
from bench.measure import Measure, report
from openlora.adapters.store import read_adapter
from openlora.attribution.index import build_index
from openlora.models.base import choose_device, find_base, load_base, load_tokenizer, read_info
from openlora.ops.lora import fit
from openlora.train.threads import choose_threads
from openlora.train.trainer import Trainer, loss_divisor

HELD_OUT = 40


def main() -> None:
    info = read_info(find_base(MODELS))
    tokenizer = load_tokenizer(info.path)
    task = tasks.load_task("numpy", tokenizer)
    device = choose_device("auto")
    trainer = Trainer(info, tasks.METHOD, tasks.TRAINING, tokenizer.pad_token_id, device)
    batch = task.train[: tasks.TRAINING.batchSize]
    choose_threads(partial(trainer.try_step, batch), torch.get_num_threads())
    started = time.monotonic()
    for step in trainer.steps(task.train):
        if step.epoch == 1 and step.number == step.steps // tasks.TRAINING.epochs:
            break
    epoch = time.monotonic() - started
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = trainer.save(folder / "adapter")
        del trainer
        gc.collect()
        base = load_base(info.path, torch.float32, device, "eager")
        stored = read_adapter(folder / "adapter", checkpoint).weights
        weights = fit(stored, base.switch, torch.float32, device)
        divisor = loss_divisor(task.train, tasks.TRAINING.batchSize)
        started = time.monotonic()
        held_out = task.held_out[:HELD_OUT]
        build_index(
            folder / "index", base, weights, checkpoint, task.train, held_out, divisor, lambda *_: None
        )
        built = time.monotonic() - started
    report([
        Measure("index", f"an epoch of {len(task.train)} records", epoch, "s"),
        Measure("index", f"their index, with {HELD_OUT} held out", built, "s"),
        Measure("index", "index ÷ epoch", built / epoch, "", "<=2"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
