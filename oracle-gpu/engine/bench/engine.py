"""Many adapters on one base, against PEFT and against ourselves with one adapter.

    python -m bench.engine [registered|throughput|prefix|fairness|switching|storm|churn …]

On the small model with random weights in the adapters: what they say does not matter for the time it takes.
Each ratio is to the alternative in the same run. Adapters come and go in bench/tiers.py.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from peft import PeftModel

from bench import tiers
from bench.measure import Measure, report
from bench.serving import ADAPTERS, CPU, RANK, Bench, ask, make, prompts
from openlora.adapters.cache import Choice
from openlora.models.base import load_plain

PROMPT, ANSWER = 64, 32  # tokens
PREFIX = 1_000
COLD = 30  # requests of a tenant that asks seldom


def throughput(bench: Bench) -> list[Measure]:
    """Tokens of answers per second of a core, prompts read within it, whatever else the machine does."""
    asked = prompts(ADAPTERS, PROMPT)
    choices = [Choice.one(id) for id in bench.ids]

    def ours(chosen: Sequence[Choice | None]) -> float:
        """By a fresh engine that has answered a little: no prefix is found, all adapters are there."""
        with bench.engine() as (engine, _):
            for choice in dict.fromkeys(chosen):
                ask(engine, choice, [7, 8, 9], 2).wait()

            def run() -> None:
                pairs = zip(chosen, asked, strict=True)
                for timed in [ask(engine, choice, prompt, ANSWER) for choice, prompt in pairs]:
                    timed.wait()

            return rate(run)

    none: list[Choice | None] = [None] * ADAPTERS
    results = {"ours": ours(choices), "one": ours(choices[:1] * ADAPTERS), "none": ours(none)}
    plain = load_plain(bench.path, bench.base.dtype, CPU, "sdpa")
    names = [f"a{number}" for number in range(ADAPTERS)]
    model: Any = PeftModel.from_pretrained(plain, bench.store.folder(bench.ids[0]), adapter_name=names[0])
    for name, id in zip(names[1:], bench.ids[1:], strict=True):
        model.load_adapter(bench.store.folder(id), adapter_name=name)
    model = model.to(bench.base.dtype).eval()
    settings = {"max_new_tokens": ANSWER, "min_new_tokens": ANSWER, "do_sample": False, "pad_token_id": 0}

    def one_by_one() -> None:
        for name, prompt in zip(names, asked, strict=True):
            model.set_adapter(name)
            model.generate(input_ids=torch.tensor([prompt]), **settings)

    def together() -> None:
        model.generate(input_ids=torch.tensor(asked), adapter_names=names, **settings)

    with torch.no_grad():
        model.generate(input_ids=torch.tensor([asked[0][:3]]), **settings)
        results["single"] = rate(one_by_one)
        results["batch"] = rate(together)
    ours_rate = results["ours"]
    return [
        Measure("engine", f"{ADAPTERS} requests over {ADAPTERS} adapters", ours_rate, "tokens/core·s"),
        Measure("engine", "the same over one adapter", results["one"], "tokens/core·s"),
        Measure("engine", "the same without an adapter", results["none"], "tokens/core·s"),
        Measure("engine", "the same by PEFT, one by one", results["single"], "tokens/core·s"),
        Measure("engine", "the same by PEFT, adapter_names", results["batch"], "tokens/core·s"),
        Measure("engine", "÷ PEFT one by one", ours_rate / results["single"], "", ">=3"),
        Measure("engine", "÷ PEFT adapter_names", ours_rate / results["batch"], "", ">=1.5"),
        Measure("engine", "÷ one adapter in our engine", ours_rate / results["one"], "", ">=0.8"),
    ]


def rate(run: Callable[[], None]) -> float:
    started = time.process_time()
    run()
    return ADAPTERS * ANSWER / (time.process_time() - started)


def prefix(bench: Bench) -> list[Measure]:
    """Time to the first token where the first PREFIX tokens were read before, and where not."""
    cold: list[float] = []
    warm: list[float] = []
    with bench.engine() as (engine, _):
        ask(engine, None, [7, 8, 9], 2).wait()
        for number in range(5):
            choice = Choice.one(bench.ids[number])
            start = prompts(1, PREFIX, seed=number)[0]
            for found, tail in ((cold, [50, 51, 52]), (warm, [60, 61, 62])):
                timed = ask(engine, choice, start + tail, 1)
                timed.wait()
                found.append(timed.came[0] - timed.sent)
    return [
        Measure("engine", f"first token, {PREFIX} tokens unread", median(cold) * 1e3, "ms"),
        Measure("engine", "first token, they are in the prefix cache", median(warm) * 1e3, "ms"),
        Measure("engine", "warm ÷ cold", median(warm) / median(cold), "", "<=0.2"),
    ]


def fairness(bench: Bench) -> list[Measure]:
    """First tokens of a tenant that asks seldom, beside 80 requests of one adapter or of 10."""
    found = {}
    for name, tenants in (("one", 1), ("ten", 10)):
        with bench.engine() as (engine, _):
            cold, times = Choice.one(bench.ids[-1]), []
            ask(engine, cold, [7, 8, 9], 2).wait()
            others = [Choice.one(id) for id in bench.ids[:tenants]]
            busy = [
                ask(engine, others[number % tenants], prompt, 400)
                for number, prompt in enumerate(prompts(80, PROMPT))
            ]
            for prompt in prompts(COLD, PROMPT, seed=1):
                timed = ask(engine, cold, prompt, 1)
                timed.wait()
                times.append(timed.came[0] - timed.sent)
            for each in busy:
                each.request.cancel()
            found[name] = sorted(times)[-1]  # of so few, the 99th percentile is the last
    return [
        Measure(
            "engine",
            "cold first token, p99, beside 80 requests of one adapter",
            found["one"] * 1e3,
            "ms",
        ),
        Measure("engine", "the same beside 80 requests of ten adapters", found["ten"] * 1e3, "ms"),
        Measure("engine", "one hot adapter ÷ ten", found["one"] / found["ten"], "", "<=1.2"),
    ]


def main(chosen: Sequence[str]) -> None:
    # Memory first: what other parts leave behind would hide what it takes.
    parts: dict[str, Callable[[Bench], list[Measure]]] = {
        "registered": tiers.registered, "throughput": throughput, "prefix": prefix, "fairness": fairness,
        "switching": tiers.switching, "storm": tiers.storm, "churn": tiers.churn,
    }  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="bench-engine-"))
    try:
        bench = make(folder)
        print(
            f"{bench.threads} threads, {bench.base.dtype}; rank {RANK} on all linear layers",
            flush=True,
        )
        measures = []
        for name in [name for name in parts if not chosen or name in chosen]:
            found = parts[name](bench)
            print("\n".join(f"  {each.measure}: {each.value:.4g} {each.unit}" for each in found), flush=True)
            measures += found
        report(measures)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
