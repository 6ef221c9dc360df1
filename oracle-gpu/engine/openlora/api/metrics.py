"""`GET /metrics`: what was answered, by adapter, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

BASE = "base"  # answers without an adapter


class Metrics:
    """Counts since the engine's start; safe from any thread."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "openlora_answers",
            "Answers by adapter and how they ended",
            ["adapter", "outcome"],
            registry=self._registry,
        )
        self._tokens = Counter(
            "openlora_tokens",
            "Tokens read (prompt) and generated (completion) by adapter",
            ["adapter", "kind"],
            registry=self._registry,
        )
        self._load = Gauge("openlora_requests", "Requests now", ["state"], registry=self._registry)
        self._base = Gauge(
            "openlora_base_bytes", "Weights of the base by what they are for", ["of"], registry=self._registry
        )

    def answered(self, adapter: str | None, prompt: int, completion: int, outcome: str) -> None:
        """One answer ended: `stop`, `length`, `failed` or `cancelled`."""
        name = adapter or BASE
        self._answers.labels(name, outcome).inc()
        self._tokens.labels(name, "prompt").inc(prompt)
        self._tokens.labels(name, "completion").inc(completion)

    def text(self, active: int, waiting: int, memory: Mapping[str, int]) -> bytes:
        """In Prometheus' text format; `memory` of the base's weights in bytes, by what they are for."""
        for of, size in memory.items():
            self._base.labels(of).set(size)
        self._load.labels("active").set(active)
        self._load.labels("waiting").set(waiting)
        return generate_latest(self._registry)
