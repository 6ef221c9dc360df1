"""What a training needs of memory, and what would need less: for the estimate, and for when it ran out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from openlora.config import MAX_ACCUMULATE
from openlora.models.base import BaseInfo
from openlora.models.quantise import BYTES
from openlora.train.data import Split
from openlora.train.examples import Example, pieces_of
from openlora.train.spec import Job, Method, Plan, Training

PROCESS_BYTES = 390_000_000  # of interpreter and libraries
SMALL = 10_000_000  # parameters up to which a base is trained in float32 (trainer.py)
BF16 = 2
UNQUANTISABLE = ("gpt2",)  # families without layers that four bits can keep (models/quantise.py)
LOAD_BYTES = (
    7  # of a weight, for a moment: as it is stored, as it is trained on, and what the allocator keeps
)
ADAPTER_BYTES = 16  # of a parameter: itself, its gradient and two moments, in float32
# Kept for the backward pass, bytes: of a token in each layer, by the layer's widths; of each attention score;
# of each logit of a trained token.
KEPT_HIDDEN, KEPT_INNER, KEPT_RANK = 40, 12, 28
KEPT_SCORES = 8
KEPT_LOGITS = 14
DORA_ACTIVATIONS = 1.75  # times what LoRA keeps for the backward pass (bench/adapters.py)
ADVICE = "advice.json"
EXHAUSTED = "The training ran out of memory."
CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
GENERAL_ADVICE = "Free memory, or lower batchSize, maxLength or rank, and start a new job."
EXHAUSTED_SIGNS = ("out of memory", "can't allocate memory", "not enough memory")


def is_exhausted(error: Exception) -> bool:
    """Whether an error says that memory ran out; on a CPU torch has no kind of its own for it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in EXHAUSTED_SIGNS)


def widest_batch(examples: Sequence[Example], training: Training) -> tuple[int, int, int]:
    """Of the batch that needs most: tokens with padding, sum of squared row lengths, and trained tokens."""
    parts = [part for example in examples for part in example.apart()]
    ordered = sorted(parts, key=lambda part: len(part.tokens))[-training.batchSize :]
    rows = [end - start for example in ordered for start, end in pieces_of(example)]
    if not training.packing:
        rows = [max(rows)] * len(rows)
    return sum(rows), sum(row * row for row in rows), sum(example.responses for example in ordered)


def training_bytes(
    method: Method, training: Training, examples: Sequence[Example], info: BaseInfo, config: dict[str, Any]
) -> int:
    """Peak memory of a job's process that no file backs, in bytes.

    The constants were measured (docs/benchmarks.md, `npm run bench -- train`), on a CPU.
    """
    tokens, squares, trained = widest_batch(examples, training)
    layers, hidden = int(config["num_hidden_layers"]), int(config["hidden_size"])
    inner = int(config.get("intermediate_size") or 4 * hidden)
    width = BF16 if info.parameters > SMALL else 4
    widths = 4 * hidden if method.targetModules == "attention" else 5 * hidden + 3 * inner
    adapter = 2 * method.rank * layers * widths
    kept = tokens * layers * (KEPT_HIDDEN * hidden + KEPT_INNER * inner + KEPT_RANK * method.rank)
    kept += squares * layers * int(config["num_attention_heads"]) * KEPT_SCORES
    if method.kind == "dora":
        kept = round(kept * DORA_ACTIVATIONS)
    logits = trained * int(config["vocab_size"]) * KEPT_LOGITS
    weights = width * info.parameters - _saved(method, info, config, width)
    loading = LOAD_BYTES * info.parameters  # more than the index needs, which is built in float32 afterwards
    return PROCESS_BYTES + max(weights + adapter * ADAPTER_BYTES + kept + logits, loading)


def _saved(method: Method, info: BaseInfo, config: dict[str, Any], width: int) -> int:
    """What four bits save; embeddings and output head stay as they are."""
    if method.kind != "qlora":
        return 0
    tables = 1 if config.get("tie_word_embeddings") else 2
    linear: int = info.parameters - tables * config["vocab_size"] * config["hidden_size"]
    return round((width - BYTES) * max(0, linear))


def free_bytes(device: torch.device) -> int:
    """Memory that a training could take now: of the device, or of this machine and its control group."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = [_available()]
    for limit, used in CGROUPS:
        try:
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # "max": no limit
            continue
    return max(0, min(found))


def _available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True)
class Change:
    """Settings that need less memory than those they are in place of."""

    set: dict[str, Any]  # by their names in `method` and `training`
    saves: int  # bytes

    @property
    def words(self) -> str:
        named = " with ".join(f"{name} {value}" for name, value in self.set.items())
        return f"{named} (four bits)" if "kind" in self.set else named

    @property
    def public(self) -> dict[str, Any]:
        return {"set": self.set, "savesBytes": self.saves}


def changes(
    plan: Plan, examples: Sequence[Example], info: BaseInfo, config: dict[str, Any]
) -> tuple[Change, ...]:
    """What to change so that a training needs less, the best first."""
    method, training = plan.method, plan.training
    longest = max(end - start for example in examples for start, end in pieces_of(example))
    now = training_bytes(method, training, examples, info, config)
    tried: list[tuple[dict[str, Any], Sequence[Example]]] = []
    if training.batchSize > 1:
        size = max(1, training.batchSize // 2)
        accumulate = min(MAX_ACCUMULATE, 2 * training.accumulate)
        tried.append(({"batchSize": size, "accumulate": accumulate}, examples))
    if longest > 16:
        half = min(longest, training.maxLength) // 2
        tried.append(({"maxLength": half}, [_cut(example, half) for example in examples]))
    if method.rank > 1:
        tried.append(({"rank": method.rank // 2}, examples))
    if method.kind != "qlora" and info.family not in UNQUANTISABLE:
        tried.append(({"kind": "qlora"}, examples))
    found = []
    for values, what in tried:
        other = method.model_copy(update={k: v for k, v in values.items() if k in Method.model_fields})
        how = training.model_copy(update={k: v for k, v in values.items() if k in Training.model_fields})
        found.append(Change(values, now - training_bytes(other, how, what, info, config)))
    return tuple(sorted((x for x in found if x.saves > 0), key=lambda x: -x.saves))


def advise(plan: Plan, examples: Sequence[Example], info: BaseInfo, config: dict[str, Any]) -> str:
    """The same in a sentence, with how much a training needs as it is."""
    needed = _size(training_bytes(plan.method, plan.training, examples, info, config))
    ways = [f"{x.words} saves {_size(x.saves)}" for x in changes(plan, examples, info, config)]
    return f"It needs about {needed}: {'; '.join(ways)}." if ways else f"It needs about {needed}."


def _cut(example: Example, length: int) -> Example:
    pieces = tuple((start, min(end, start + length)) for start, end in pieces_of(example))
    return replace(example, pieces=pieces)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


@dataclass(frozen=True)
class Advice:
    """What is said of a training that ran out of memory."""

    hint: str = GENERAL_ADVICE
    changes: tuple[dict[str, Any], ...] = ()  # each as `Change.public`


def write_advice(folder: Path, job: Job, parts: Split, info: BaseInfo) -> None:
    """Kept for whoever finds the process gone: one that the system stops for its memory says nothing."""
    config = json.loads((info.path / "config.json").read_text(encoding="utf-8"))
    hint = f"{advise(job, parts.train, info, config)} Change one of these and start a new job."
    found = [change.public for change in changes(job, parts.train, info, config)]
    (folder / ADVICE).write_text(json.dumps({"hint": hint, "changes": found}), encoding="utf-8")


def read_advice(folder: Path) -> Advice:
    """Of the job in `folder`; in general where it never got as far."""
    path = folder / ADVICE
    if not path.exists():
        return Advice()
    found = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(found, str):  # of a job that was begun before there were changes
        return Advice(found)
    return Advice(found["hint"], tuple(found["changes"]))
