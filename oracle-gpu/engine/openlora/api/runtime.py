"""Everything the server needs once the base model is loaded."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from fastapi import Request

from openlora import __version__
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.store import AdapterStore
from openlora.api.metrics import Metrics
from openlora.api.reader import Reader
from openlora.attribution.query import Attributor
from openlora.config import EngineConfig
from openlora.embeddings.embedder import Embedder, find_embedder
from openlora.engine.grounding import require_apart
from openlora.engine.llm_engine import LLMEngine
from openlora.engine.vocabulary import Vocabulary
from openlora.errors import EngineError
from openlora.evaluation.manager import EvaluationManager
from openlora.export.families import require_gguf
from openlora.export.manager import ExportManager
from openlora.models.base import (
    choose_device,
    choose_dtype,
    find_base,
    load_base,
    load_tokenizer,
    read_info,
)
from openlora.ops.lora import LoraPair
from openlora.rag.prompt import Layout, lay_out
from openlora.rag.spec import GivenPassage
from openlora.rag.store import RetrievalStore
from openlora.routing.store import RouteStore
from openlora.shards.start import Shards
from openlora.train.jobs import JobManager

NUMERIC_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "peft",
    "safetensors",
    "bitsandbytes",
    "llguidance",
)


class Runtime(Reader):
    """Loads on construction (seconds); owns the engine's thread and the training jobs."""

    def __init__(self, config: EngineConfig, on_loss: Callable[[], None] = lambda: None) -> None:
        """`on_loss` is called where one of several shards is gone, without which nothing can be answered."""
        self.config = config
        self.device = choose_device(config.device)
        torch.set_num_threads(config.threads)
        path = find_base(config.models, config.base)
        self.info = read_info(path)
        self.tokenizer = load_tokenizer(path)
        dtype = choose_dtype(config.dtype, self.device, self.info)
        self._shards = None if config.shards == 1 else self._divide(path, dtype, on_loss)
        self.base = (
            load_base(path, dtype, self.device, "sdpa", weights=config.weights)
            if self._shards is None
            else self._shards.base
        )
        self.store = AdapterStore(config.adapters)
        # What was fitted to weights in fewer bits is not what whole ones need.
        fitted_to = self.info.id if config.weights == "whole" else f"{self.info.id} in {config.weights}"
        self.adapters = AdapterCache(self.store, self.base, config.resident_bytes, fitted_to)
        # Gradients need float32 weights that no serving kernel ever touches.
        exact = partial(load_base, path, torch.float32, self.device, "eager")
        self.attributor = Attributor(
            exact,
            self.store,
            frozenset(self.tokenizer.all_special_ids),
            partial(exact, quantised=True),
        )
        if config.weights == "whole":  # else memory is what is lacking
            self.attributor.warm()
        self.engine = LLMEngine(
            self.base,
            self.tokenizer.eos_token_id,
            max(config.threads // config.shards, 1),
            config.limits,
            self.adapters,
        )
        self.metrics = Metrics()
        self.vocabulary_size = self.base.model.config.vocab_size
        self.vocabulary = Vocabulary(self.tokenizer, self.vocabulary_size)
        self.jobs = JobManager(config.jobs, path, config.state, str(self.device), config.threads)
        work = (config.state, path, str(self.device), config.threads)
        self.exports = ExportManager(config.exports, *work)
        self.evaluations = EvaluationManager(config.evaluations, *work)
        self._embedder: Embedder | None = None
        self._loading = threading.Lock()
        self.retrieval = RetrievalStore(config.retrieval, self.embedder, self.count_tokens)
        self.routes = RouteStore(config.routes, self.embedder)

    def _divide(self, path: Path, dtype: torch.dtype, on_loss: Callable[[], None]) -> Shards:
        of = self.config
        if of.weights != "whole":
            message = (
                "Weights in fewer bits are not divided into shards: choose --weights whole, or --shards 1."
            )
            raise EngineError(503, "shards_unsupported", message)
        return Shards(
            path,
            self.info.id,
            of.adapters,
            of.resident_bytes,
            dtype,
            self.device,
            of.threads,
            of.shards,
            on_loss,
        )

    def embedder(self) -> Embedder:
        """Loaded when first asked for; EngineError 503 where none is set up."""
        with self._loading:
            if self._embedder is None:
                self._embedder = Embedder(find_embedder(self.config.models), self.config.threads)
            return self._embedder

    @cached_property
    def gguf_refusal(self) -> str | None:
        """Why the base cannot be written as GGUF; None where it can."""
        try:
            require_gguf(self.info.path, self.tokenizer)
        except EngineError as error:
            return error.message
        return None

    def count_tokens(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def close(self) -> None:
        self.jobs.close()
        self.exports.close()
        self.evaluations.close()
        self.engine.close()
        if self._shards is not None:
            self._shards.close()

    def weights(self, adapter: str | None) -> dict[str, LoraPair] | None:
        """The adapter's weights as the base's layers use them; None for the base itself."""
        return None if adapter is None else self.adapters.weights(Choice.one(adapter))

    def require_adapters(self, choice: Choice | None) -> None:
        """EngineError 400, 404 or 409 where they cannot be served."""
        if choice is not None:
            self.adapters.check(choice)

    def lay_out(self, messages: list[dict[str, str]], passages: Sequence[GivenPassage]) -> Layout:
        """The prompt with its passages; EngineError 400 where the base cannot, or all is too long."""
        require_apart(self.base)
        return lay_out(self.tokenizer, messages, passages, self.info.context_length)

    def require_base(self, base: str) -> None:
        if base not in (self.info.id, self.info.name):
            message = f"This engine trains {self.info.name} ({self.info.id}) only: choose it as base."
            raise EngineError(404, "base_not_found", message)

    def memory(self) -> dict[str, int]:
        """Bytes of the base's weights: of those that serve, and of those that gradients are taken of."""
        return {"serving": self.base.bytes, "attribution": self.attributor.bytes}

    def health(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "engine": __version__,
            "engineHash": engine_hash(),
            "device": str(self.device),
            "threads": self.config.threads,
            "shards": self.config.shards,
            "precision": self.base.precision,
            "memory": self.memory(),
            "base": self.info.public(),
            "load": self.engine.load(),
        }


def engine_hash() -> str:
    """sha256 over this package's sources, the numeric packages' versions and the instruction set."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    for package in NUMERIC_PACKAGES:
        digest.update(f"{package}=={importlib.metadata.version(package)}\n".encode())
    digest.update(f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}".encode())
    return "0x" + digest.hexdigest()


def get_runtime(request: Request) -> Runtime:
    """The loaded engine; EngineError 503 while there is none."""
    runtime: Runtime | None = request.app.state.runtime
    if runtime is None:
        failure = request.app.state.failure
        message = failure or "The base model is still loading: try again in a few seconds."
        raise EngineError(503, "engine_failed" if failure else "engine_loading", message)
    return runtime
