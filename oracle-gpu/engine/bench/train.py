"""Training against transformers' Trainer with PEFT, and how good the estimates are.

    python -m bench.train [ours|peft|estimates…]

The same records of bench/attribution/data/numpy.jsonl, base, adapter, batch, length and precision (weights in
bfloat16 where that is fast, LoRA's in float32), one epoch, each run in a process of its own on one thread.
Speeds are tokens that are no padding per second of a core, whatever else runs on the machine; memory is the
most that no file backs, beyond what the process had before it loaded the base. Trainer groups records by
length and uses the attention that is fastest here (eager), as ours does; its labels are masked alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openlora.config import fix_numerics

fix_numerics()

import torch  # noqa: E402

from bench.adapters import anonymous_bytes  # noqa: E402
from bench.attribution.retrains import MODELS  # noqa: E402
from bench.attribution.tasks import METHOD, TRAINING, load_task  # noqa: E402
from bench.measure import Measure, report  # noqa: E402
from openlora.models.base import fast_bf16, find_base, load_plain, load_tokenizer, read_info  # noqa: E402
from openlora.train.examples import Example  # noqa: E402
from openlora.train.memory import training_bytes  # noqa: E402
from openlora.train.spec import Training  # noqa: E402
from openlora.train.trainer import Trainer  # noqa: E402
from openlora.train.training_log import TrainingLog  # noqa: E402

CPU = torch.device("cpu")
RECORDS = 64
ROUNDS = 2
LEARNING_RATE = 1e-3
# What the memory of is estimated and measured: settings apart in batch, length and layout.
ESTIMATES: dict[str, dict[str, Any]] = {
    "batch 8, packed": {"packing": True},
    "batch 2": {"batchSize": 2},
    "batch 16, 64 tokens": {"batchSize": 16, "maxLength": 64},
}


@contextmanager
def watched() -> Iterator[list[int]]:
    """Samples of this process's own memory, from within, many times a second."""
    seen = [anonymous_bytes()]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.append(anonymous_bytes())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def records(training: Training) -> list[Example]:
    tokenizer = load_tokenizer(find_base(MODELS))
    found = load_task("numpy", tokenizer).train[:RECORDS]
    return [_cut(example, training.maxLength) for example in found]


def _cut(example: Example, length: int) -> Example:
    tokens, trained = example.tokens[:length], example.trained[:length]
    return Example(
        example.record_id, example.cluster, example.messages, tokens, trained, example.text, example.spans
    )


def ours(training: Training) -> dict[str, float]:
    examples = [example for example in records(training) if example.responses]
    with watched() as seen, tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(read_info(find_base(MODELS)), METHOD, training, 0, CPU)
        began = time.process_time()
        trainer.train(
            examples, TrainingLog(Path(folder) / "log"), Path(folder), lambda _: None, lambda *_: None
        )
        seconds = time.process_time() - began
    return figures(examples, seconds, seen)


def peft(training: Training) -> dict[str, float]:
    """transformers' Trainer over a PEFT model, with everything set as ours is."""
    from peft import LoraConfig, get_peft_model
    from transformers import DataCollatorForSeq2Seq, TrainingArguments
    from transformers import Trainer as Theirs

    examples = records(training)
    tokenizer = load_tokenizer(find_base(MODELS))
    rows: Any = [
        {
            "input_ids": e.tokens,
            "attention_mask": [1] * len(e.tokens),
            "labels": [t if yes else -100 for t, yes in zip(e.tokens, e.trained, strict=True)],
        }
        for e in examples
    ]
    fast = fast_bf16(CPU)
    with watched() as seen, tempfile.TemporaryDirectory() as folder:
        base = load_plain(find_base(MODELS), torch.bfloat16 if fast else torch.float32, CPU, "eager")
        lora = LoraConfig(
            r=METHOD.rank, lora_alpha=METHOD.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        theirs = Theirs(
            model=get_peft_model(base, lora),
            args=TrainingArguments(
                output_dir=folder,
                per_device_train_batch_size=training.batchSize,
                num_train_epochs=1,
                learning_rate=training.learningRate,
                warmup_steps=training.warmup,
                lr_scheduler_type="linear",
                weight_decay=0.0,
                max_grad_norm=1.0,
                bf16=fast,
                use_cpu=True,
                train_sampling_strategy="group_by_length",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                seed=training.seed,
            ),
            train_dataset=rows,
            data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
        )
        began = time.process_time()
        theirs.train()
        seconds = time.process_time() - began
    return figures(examples, seconds, seen)


def figures(examples: list[Example], seconds: float, seen: list[int]) -> dict[str, float]:
    tokens = sum(len(example.tokens) for example in examples)
    return {"speed": tokens / seconds, "memory": max(seen) - seen[0], "whole": max(seen)}


def estimated(training: Training) -> int:
    """What the estimate says of the same training's whole process, without the index after it."""
    path = find_base(MODELS)
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    examples = [example for example in records(training) if example.responses]
    return training_bytes(METHOD, training, examples, read_info(path), config)


def settings(name: str) -> Training:
    chosen = ESTIMATES.get(name, {"packing": True} if name == "ours" else {})
    return TRAINING.model_copy(update={"epochs": 1, "learningRate": LEARNING_RATE, **chosen})


def apart(name: str) -> dict[str, float]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "bench.train", "--one", name]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    print(name, json.dumps(found), flush=True)
    return found


def alternating(names: list[str]) -> dict[str, dict[str, float]]:
    """Medians of runs that took turns: what else runs on the machine slows down both."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ("ours", "peft") if name in names}
    for _ in range(ROUNDS):
        for name in runs:
            runs[name].append(apart(name))
    return {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }


def main(names: list[str]) -> None:
    found = alternating(names)
    measures = [
        measure
        for name, run in found.items()
        for measure in (
            Measure("train", f"{name}: training", run["speed"], "tokens/core·s"),
            Measure("train", f"{name}: memory of training", run["memory"] / 1e9, "GB"),
        )
    ]
    if len(found) == 2:
        mine, theirs = found["ours"], found["peft"]
        measures += [
            Measure("train", "speed against Trainer and PEFT", mine["speed"] / theirs["speed"], "×", ">=1.2"),
            Measure("train", "memory against the same", mine["memory"] / theirs["memory"], "×", "<=0.8"),
        ]
    known = found["ours"]["speed"] if "ours" in found else None
    for name in ESTIMATES if "estimates" in names else ():
        run = apart(name)
        off = estimated(settings(name)) / run["whole"] - 1
        measures.append(Measure("train", f"{name}: memory estimate off by", abs(off), "", "<=0.3"))
        if known is not None:  # an estimate goes by the speed of the job before it
            measures.append(
                Measure("train", f"{name}: time estimate off by", abs(run["speed"] / known - 1), "", "<=0.3")
            )
    report(measures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        torch.set_num_threads(1)
        run = peft if sys.argv[2] == "peft" else ours
        print(json.dumps(run(settings(sys.argv[2]))))
    else:
        main(sys.argv[1:] or ["ours", "peft", "estimates"])
