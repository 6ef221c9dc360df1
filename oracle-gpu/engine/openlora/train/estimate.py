"""What a job will cost in time and memory, before it starts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, get_args

import torch

from openlora.models.base import BaseInfo, fast_bf16
from openlora.train import memory
from openlora.train.data import Split
from openlora.train.examples import Example
from openlora.train.schedule import draw, step_count
from openlora.train.spec import Kind, Method, Plan, Training

# Share of the speed of large matrix products that a whole training step reaches (measured, 2 cores).
EFFICIENCY = 0.5
# Float32 gradients at batch 1 against batched bfloat16 training, tokens per second (measured).
INDEX_SPEED = 0.8
# Tokens per second of training, as shares of LoRA's (measured by bench/adapters.py, one core).
SPEED: dict[Kind, float] = {"lora": 1.0, "rslora": 1.0, "dora": 0.4, "qlora": 0.65}
START_SECONDS = 20  # loading, evaluation before and after
SPEEDS = "speed.json"
# Settings in which bases are compared: four records of so many tokens at once.
REFERENCE = Training(batchSize=4, maxLength=256, packing=True)


def remember(state: Path, kind: Kind, train_speed: float, index_speed: float) -> None:
    """Keep the speeds of a finished job for the next estimate, that of training as LoRA's."""
    value = {"train": train_speed / SPEED[kind], "index": index_speed}
    (state / SPEEDS).write_text(json.dumps(value), encoding="utf-8")


def _remembered(state: Path) -> dict[str, float] | None:
    path = state / SPEEDS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def index_speed(state: Path, train_speed: float) -> float:
    """Tokens per second of index building, from the last job or in proportion to training by LoRA."""
    found = _remembered(state)
    ratio = found["index"] / found["train"] if found else INDEX_SPEED
    return train_speed * ratio


def train_speed(state: Path, info: BaseInfo, device: torch.device) -> float:
    """Tokens per second of training by LoRA: from the last job, else from a short matrix product."""
    found = _remembered(state)
    if found:
        return found["train"]
    dtype = torch.bfloat16 if fast_bf16(device) else torch.float32
    a = torch.ones(512, 1024, dtype=dtype, device=device)
    a @ a.T  # the first call compiles kernels
    started = time.perf_counter()
    for _ in range(10):
        result = a @ a.T
    float(result[0, 0])  # wait for a GPU
    flops = 10 * 2 * 512 * 512 * 1024 / (time.perf_counter() - started)
    return EFFICIENCY * flops / (4 * info.parameters)


def train_tokens(parts: Split, training: Training) -> int:
    """Tokens that a whole training reads."""
    epochs = (draw(parts.train, training, epoch) for epoch in range(training.epochs))
    return sum(len(example.tokens) for epoch in epochs for example in epoch)


def estimate(
    plan: Plan, parts: Split, info: BaseInfo, state: Path, device: torch.device, config: dict[str, Any]
) -> dict[str, Any]:
    """The body of `/v1/estimate`."""
    tokens = sum(len(example.tokens) for example in parts.train)
    held = sum(len(example.tokens) for example in parts.held_out)
    trained = train_tokens(parts, plan.training)
    speed = train_speed(state, info, device)
    seconds = (trained + held) / speed / SPEED[plan.method.kind] + START_SECONDS
    seconds += (tokens + held) / index_speed(state, speed)
    needed = memory.training_bytes(plan.method, plan.training, parts.train, info, config)
    free = memory.free_bytes(device)
    fits = needed <= free
    return {
        "trainTokens": trained,
        "steps": step_count(len(parts.train), plan.training),
        "seconds": round(seconds),
        "memoryBytes": needed,
        "freeBytes": free,
        **({} if fits else _advice(plan, parts, info, config)),
        "longest": max(len(example.tokens) + example.dropped for example in parts.train),
        "cut": sum(example.dropped > 0 for example in parts.train),
        "heldOut": len(parts.held_out),
        "sample": _sample(parts.train[0]),
    }


def kinds(info: BaseInfo, state: Path, device: torch.device, config: dict[str, Any]) -> dict[str, Any]:
    """Memory and speed of each kind of training in the settings of REFERENCE, for whoever compares bases."""
    length = min(REFERENCE.maxLength, info.context_length)
    record = Example("", "", [], [0] * length, [True] * length, "", [])
    examples, speed = [record] * REFERENCE.batchSize, train_speed(state, info, device)
    found = {}
    for kind in get_args(Kind):
        method = Method(kind=kind)
        found[kind] = {
            "memoryBytes": memory.training_bytes(method, REFERENCE, examples, info, config),
            "tokensPerSecond": round(speed * SPEED[method.kind], 1),
        }
    return {
        "reference": {"rank": Method().rank, "batchSize": REFERENCE.batchSize, "maxLength": length},
        "kinds": found,
        "freeBytes": memory.free_bytes(device),
    }


def _advice(plan: Plan, parts: Split, info: BaseInfo, config: dict[str, Any]) -> dict[str, Any]:
    found = memory.changes(plan, parts.train, info, config)
    said = memory.advise(plan, parts.train, info, config)
    return {"advice": said, "changes": [change.public for change in found]}


def _sample(example: Example) -> dict[str, Any]:
    return {"text": example.text, "trained": [list(span) for span in example.spans]}
