"""Kinds of adapter on the small model: speed, memory, and what serving QLoRA on the whole base costs.

    python -m bench.adapters [KIND…]

One pass over some of the records that methods are chosen on (bench/attribution/data/numpy.jsonl), each kind
in a process of its own, on one thread: speeds are per second of a core, whatever else runs on the machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from openlora.config import fix_numerics

fix_numerics()

import torch  # noqa: E402

from bench.attribution.retrains import MODELS  # noqa: E402
from bench.attribution.tasks import METHOD, TRAINING, load_task  # noqa: E402
from bench.measure import Measure, report  # noqa: E402
from openlora.adapters.store import read_adapter  # noqa: E402
from openlora.models.base import find_base, load_base, load_tokenizer, read_info  # noqa: E402
from openlora.ops.lora import fit  # noqa: E402
from openlora.train.evaluate import evaluate  # noqa: E402
from openlora.train.examples import Example  # noqa: E402
from openlora.train.spec import Kind, Method  # noqa: E402
from openlora.train.trainer import Trainer  # noqa: E402
from openlora.train.training_log import TrainingLog  # noqa: E402

KINDS: list[Kind] = ["lora", "dora", "qlora"]
RECORDS, HELD_OUT = 64, 32
CPU = torch.device("cpu")


def anonymous_bytes() -> int:
    """Memory of this process that no file backs."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def run(kind: Kind) -> dict[str, float]:
    """Train one adapter; losses are nats per trained token of records that were held out."""
    torch.set_num_threads(1)
    path = find_base(MODELS)
    task = load_task("numpy", load_tokenizer(path))
    held_out = task.held_out[:HELD_OUT]
    method = Method(**{**METHOD.model_dump(), "kind": kind})
    training = TRAINING.model_copy(update={"epochs": 1})
    began = anonymous_bytes()
    trainer = Trainer(read_info(path), method, training, 0, CPU)
    found: dict[str, float] = {"before": loss(trainer.model, trainer, held_out)}
    peaks: list[int] = []
    records = task.train[:RECORDS]

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        log, started = TrainingLog(work / "log"), time.process_time()
        done = trainer.train(
            records, log, work / "adapter", lambda _: peaks.append(anonymous_bytes()), lambda *_: None
        )
        tokens = sum(len(record.tokens) for record in records)
        found |= {"tokensPerSecond": tokens / (time.process_time() - started), "memory": max(peaks) - began}
        found["after"] = found["whole"] = loss(trainer.model, trainer, held_out)
        weights = read_adapter(work / "adapter", done.adapter).weights
        if kind == "qlora":
            base = load_base(path, trainer.dtype, CPU, "eager")
            found["wholeBefore"] = loss(base.model, trainer, held_out)
            with base.switch.use(fit(weights, base.switch, base.dtype, CPU)):
                found["whole"] = loss(base.model, trainer, held_out)
    return found


def loss(model: Any, trainer: Trainer, examples: list[Example]) -> float:
    precision = trainer.precision() if model is trainer.model else nullcontext()
    measured = evaluate(model, examples, 0, CPU, precision)
    assert measured is not None
    return measured.loss


def main(kinds: list[Kind]) -> None:
    measures = []
    for kind in kinds:
        command = [sys.executable, "-m", "bench.adapters", "--one", kind]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found: dict[str, float] = json.loads(out.splitlines()[-1])
        print(kind, json.dumps(found), flush=True)
        measures += [
            Measure("adapters", f"{kind}: training", found["tokensPerSecond"], "tokens/core·s"),
            Measure("adapters", f"{kind}: memory of training", found["memory"] / 1e9, "GB"),
            Measure("adapters", f"{kind}: held-out loss as trained", found["after"], "nats"),
            Measure("adapters", f"{kind}: held-out loss as served", found["whole"], "nats"),
        ]
    report(measures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(run(cast(Kind, sys.argv[2]))))
    else:
        main([cast(Kind, name) for name in sys.argv[1:]] or KINDS)
