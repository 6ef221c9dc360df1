"""A base with random adapters and engines on it, for the benchmarks of serving."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openlora.config import Limits, core_count, fix_numerics

fix_numerics()

import torch  # noqa: E402

from bench.attribution.retrains import MODELS  # noqa: E402
from openlora.adapters.cache import AdapterCache, Choice  # noqa: E402
from openlora.adapters.slots import rows_of  # noqa: E402
from openlora.adapters.store import AdapterStore, write_adapter  # noqa: E402
from openlora.engine.llm_engine import LLMEngine  # noqa: E402
from openlora.engine.sampling import Sampling  # noqa: E402
from openlora.engine.sequence import Sequence as Request  # noqa: E402
from openlora.models.base import BaseModel, choose_dtype, find_base, load_base, read_info  # noqa: E402

CPU = torch.device("cpu")
ADAPTERS, RANK = 16, 8


class Silence:
    """Stands for a detokenizer: text is the same work for all who are compared."""

    text, stopped = "", False

    def push(self, _: int) -> str:
        return ""

    def finish(self) -> str:
        return ""


@dataclass
class Timed:
    """One greedy request; when its tokens came, in seconds."""

    request: Request
    sent: float
    came: list[float]
    ended: threading.Event

    def wait(self) -> list[int]:
        assert self.ended.wait(600)
        return self.request.tokens


def ask(engine: LLMEngine, choice: Choice | None, prompt: Sequence[int], tokens: int) -> Timed:
    ended = threading.Event()
    came: list[float] = []

    def emit(kind: str, data: dict[str, Any]) -> None:
        if kind == "token":
            came.append(time.monotonic())
        else:
            assert kind == "done", data
            ended.set()

    silence: Any = Silence()
    request = Request(list(prompt), tokens, Sampling(), choice, silence, emit)
    timed = Timed(request, time.monotonic(), came, ended)
    engine.submit(request)
    return timed


@dataclass(frozen=True)
class Bench:
    """A base, a store with random adapters, and a folder for what else is needed."""

    path: Path
    base: BaseModel
    store: AdapterStore
    ids: list[str]
    threads: int
    folder: Path

    @contextmanager
    def engine(
        self, memory: int = 1 << 29, limits: Limits | None = None
    ) -> Iterator[tuple[LLMEngine, AdapterCache]]:
        adapters = AdapterCache(self.store, self.base, memory, "bench")
        engine = LLMEngine(self.base, -1, self.threads, limits, adapters)
        try:
            yield engine, adapters
        finally:
            engine.close()


def make(folder: Path) -> Bench:
    path, threads = find_base(MODELS), core_count()
    torch.set_num_threads(threads)
    base = load_base(path, choose_dtype("auto", CPU, read_info(path)), CPU)
    store = AdapterStore(folder / "store")
    ids = [random_adapter(base, store, seed) for seed in range(ADAPTERS)]
    return Bench(path, base, store, ids, threads, folder)


def random_adapter(base: BaseModel, store: AdapterStore, seed: int, rank: int = RANK) -> str:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, layer in base.switch.layers.items():
        inside, outside = rows_of(layer)
        a, b = (torch.randn(shape, generator=generator) for shape in ((rank, inside), (outside, rank)))
        tensors[f"base_model.model.{name}.lora_A.weight"] = a * inside**-0.5
        tensors[f"base_model.model.{name}.lora_B.weight"] = b * 0.02
    targets = sorted({name.rpartition(".")[2] for name in base.switch.layers})
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": rank}
    work = store.workspace()
    write_adapter(work, tensors, {**config, "target_modules": targets})
    return store.put(work)


def prompts(count: int, tokens: int, seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    found: list[list[int]] = torch.randint(20, 40_000, (count, tokens), generator=generator).tolist()
    return found
