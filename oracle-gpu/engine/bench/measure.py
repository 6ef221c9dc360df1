"""Figures of a benchmark: a table for people, then a line of JSON for each (script/dev/bench/measure.ts)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One figure. `goal` reads like "<=400"; without one the figure is published, not judged."""

    bench: str
    measure: str
    value: float
    unit: str
    goal: str | None = None

    @property
    def ok(self) -> bool | None:
        if self.goal is None:
            return None
        bound = float(self.goal[2:])
        return self.value <= bound if self.goal.startswith("<=") else self.value >= bound


def report(measures: Sequence[Measure]) -> None:
    width = max(len(item.measure) for item in measures)
    for item in measures:
        verdict = "" if item.ok is None else f"{'meets' if item.ok else 'misses'} {item.goal}"
        print(f"{item.measure:{width}}  {item.value:12.4g} {item.unit:8} {verdict}")
    for item in measures:
        fields = {"bench": item.bench, "measure": item.measure, "value": item.value, "unit": item.unit}
        print(json.dumps({**fields, **({"goal": item.goal} if item.goal else {}), "ok": item.ok}))
