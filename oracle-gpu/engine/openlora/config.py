"""Settings of one engine process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Weights = Literal["whole", "int8", "int4", "fp8"]  # how the serving base keeps those of its linear layers


@dataclass(frozen=True)
class Sources:
    """Where adapters may be imported from."""

    ipfs_gateway: str | None = None  # its address; files are under /ipfs/
    hub_endpoint: str = ""  # "": HF_ENDPOINT, or the hub that huggingface_hub knows
    hub_owners: tuple[str, ...] = ()  # whose adapters may be taken from the hub
    adapter_bytes: int = 512 * 1024 * 1024  # largest file of weights


@dataclass(frozen=True)
class Limits:
    """What one engine takes on at once."""

    max_active: int = 32  # requests answered together
    max_waiting: int = 1_024  # requests queued before 429; those of one adapter may fill half of it
    max_adapters: int = 16  # distinct ones in a step
    step_tokens: int = 256  # computed in a step: first one for each answer, then parts of prompts
    cache_bytes: int = 512 * 1024 * 1024  # keys and values
    slot_bytes: int = 256 * 1024 * 1024  # adapters on the device
    idle_seconds: float = 300.0  # after which an adapter leaves the device


@dataclass(frozen=True)
class EngineConfig:
    state: Path  # jobs/, adapters/, retrieval/ and routes/ live here
    models: Path  # one folder per converted base model
    base: str | None = None  # folder name; None: the only one there
    threads: int = 0  # 0: all cores this process may use
    device: str = "auto"  # auto | cpu | cuda
    dtype: str = "auto"  # serving: auto | float32 | bfloat16
    weights: Weights = "whole"
    shards: int = 1  # processes that hold the serving base together, each a part of every layer
    resident_bytes: int = 512 * 1024 * 1024  # adapters kept in memory
    sources: Sources = field(default_factory=Sources)
    limits: Limits = field(default_factory=Limits)

    @property
    def jobs(self) -> Path:
        return self.state / "jobs"

    @property
    def adapters(self) -> Path:
        return self.state / "adapters"

    @property
    def exports(self) -> Path:
        return self.state / "exports"

    @property
    def evaluations(self) -> Path:
        return self.state / "evaluations"

    @property
    def imports(self) -> Path:
        """Folders of adapters that a request may import."""
        return self.state / "imports"

    @property
    def retrieval(self) -> Path:
        return self.state / "retrieval"

    @property
    def routes(self) -> Path:
        return self.state / "routes"


KEY = r"^[A-Za-z0-9@._:-]{1,128}$"  # under which a retrieval index or a route is kept

# Limits on what a training request may ask for.
MAX_RECORDS = 20_000
MAX_RECORD_BYTES = 16 * 1024
MAX_EPOCHS = 20
MAX_RANK = 64
MAX_IMPORTED_RANK = 256  # of an adapter that comes from elsewhere, or of a merge
MAX_BATCH = 64
MAX_ACCUMULATE = 64


def core_count() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fix_numerics() -> None:
    """Environment that makes matrix products repeat bit for bit; call before importing torch.

    MKL otherwise picks code paths by memory alignment and OpenMP may change its team size. Threads that
    spin for long while they wait starve each other when cores are shared (20 s a step were seen); threads
    that never spin pay a wake-up for each of the thousands of small products in a step, which then takes
    almost twice as long. Spinning for some microseconds costs neither.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
    os.environ.setdefault("MKL_DYNAMIC", "FALSE")
    os.environ.setdefault("OMP_DYNAMIC", "FALSE")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
