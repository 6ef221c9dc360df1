"""Answers over many adapters against answers without any, and what is compiled while they are given."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from bench.gpu.setting import Setting, make_adapters, make_base
from bench.measure import Measure
from bench.serving import Timed, ask, prompts
from bench.tiers import percentile
from openlora.adapters.cache import AdapterCache, Choice
from openlora.config import core_count
from openlora.engine.llm_engine import LLMEngine

MEMORY = 8 << 30  # of adapters in memory


def decode(of: Setting) -> list[Measure]:
    base = make_base(of)
    with tempfile.TemporaryDirectory() as folder:
        store, ids = make_adapters(base, Path(folder), of.sequences, of.rank)
        adapters = AdapterCache(store, base, MEMORY, "bench")
        engine = LLMEngine(base, -1, core_count(), of.limits(base), adapters, of.operators())
        compiled = count_compilations()
        try:
            answers(of, engine, [Choice.one(id) for id in ids], 2)  # all adapters are on the device then
            with_adapters = answers(of, engine, [Choice.one(id) for id in ids])
            without = answers(of, engine, [None] * of.sequences)
        finally:
            engine.close()
    count = of.sequences
    name = f"{count} sequences over {count} adapters, rank {of.rank}, {of.prompt} tokens of context"
    return [
        Measure("gpu", name, with_adapters.rate, "tokens/s", ">=2900"),
        Measure("gpu", "between tokens, mean", with_adapters.mean_gap * 1e3, "ms", "<=11"),
        Measure("gpu", "between tokens, p99", with_adapters.worst_gap * 1e3, "ms"),
        Measure("gpu", "the same without an adapter", without.rate, "tokens/s"),
        Measure("gpu", "with adapters ÷ without", with_adapters.rate / without.rate, "", ">=0.8"),
        Measure("gpu", "prompts and answers together, with adapters", with_adapters.whole_rate, "tokens/s"),
        Measure("gpu", "kernels compiled after warm-up", len(compiled), "", "<=0"),
    ]


class Answers:
    """Figures of a round: of the time in which all answer, but where another is said."""

    def __init__(self, timed: Sequence[Timed]) -> None:
        begun = max(each.came[0] for each in timed)
        ended = min(each.came[-1] for each in timed)
        tokens = sum(begun < at <= ended for each in timed for at in each.came)
        gaps = [
            after - before
            for each in timed
            for before, after in itertools.pairwise(each.came)
            if begun <= before and after <= ended
        ]
        self.rate = tokens / (ended - begun) if ended > begun else 0.0
        self.mean_gap, self.worst_gap = (mean(gaps), percentile(gaps)) if gaps else (0.0, 0.0)
        sent, last = min(each.sent for each in timed), max(each.came[-1] for each in timed)
        self.whole_rate = sum(len(each.came) for each in timed) / (last - sent)


def answers(
    of: Setting, engine: LLMEngine, choices: Sequence[Choice | None], tokens: int | None = None
) -> Answers:
    """Fresh prompts each time, so that no prefix is found."""
    asked = prompts(len(choices), of.prompt, seed=time.monotonic_ns() % (1 << 31))
    timed = [
        ask(engine, choice, prompt, tokens or of.answer)
        for choice, prompt in zip(choices, asked, strict=True)
    ]
    for each in timed:
        each.wait()
    return Answers(timed)


def count_compilations() -> list[str]:
    """Kernels that Triton compiles from now on, as they are compiled; none in the interpreter."""
    found: list[str] = []
    if os.environ.get("TRITON_INTERPRET") == "1":
        return found
    from triton import knobs

    def note(**what: Any) -> None:
        found.append(str(what.get("repr")))

    knobs.runtime.jit_post_compile_hook = note
    return found
