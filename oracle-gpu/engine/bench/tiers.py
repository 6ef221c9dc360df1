"""Adapters that come and go: how long a switch takes, what others feel of it, and whether all stay apart."""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
import time
from collections.abc import Sequence
from statistics import median

from bench.adapters import anonymous_bytes
from bench.certain import make_certain, write_certain
from bench.measure import Measure
from bench.serving import RANK, Bench, ask, prompts, random_adapter
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.loader import Loader
from openlora.adapters.packed import packed_path
from openlora.adapters.slots import Slots
from openlora.adapters.store import CONFIG, WEIGHTS, AdapterStore
from openlora.config import Limits
from openlora.engine.llm_engine import LLMEngine
from openlora.verify import hashing

PROMPT, ANSWER = 64, 96  # tokens
SWITCHES = 200
LOADS = 100  # at least
REGISTERED = 2_000
CHURN, CHURN_ADAPTERS = 100_000, 500


def percentile(values: Sequence[float], share: float = 0.99) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def forget(bench: Bench, ids: Sequence[str]) -> None:
    """Make the system read the packed files from the disk again."""
    for id in ids:
        handle = os.open(packed_path(bench.store.folder(id), bench.base.dtype), os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def switching(bench: Bench) -> list[Measure]:
    """From asking for an adapter until its slot can be read; there is one slot, so that each call loads."""
    ready = threading.Event()
    row = Slots(bench.base, 1).row_bytes
    times: dict[str, list[float]] = {}
    for name, memory in (("memory", 1 << 30), ("disk", 0)):
        cache = AdapterCache(bench.store, bench.base, memory, "bench")
        loader = Loader(cache, Slots(bench.base, 8 * row), 1e6, ready.set)
        times[name] = []
        for number in range(SWITCHES + len(bench.ids)):
            id = bench.ids[number % len(bench.ids)]
            if number >= len(bench.ids) and name == "disk":
                forget(bench, [id])
            ready.clear()
            started = time.monotonic()
            lease = loader.request(Choice.one(id))
            assert ready.wait(60)
            assert lease.error is None
            if number >= len(bench.ids):  # all have been packed and read once
                times[name].append(time.monotonic() - started)
            loader.give_back(lease)
        loader.close()
    return [
        Measure("engine", "switch to one in memory, p99", percentile(times["memory"]) * 1e3, "ms", "<=10"),
        Measure("engine", "switch to one on disk, p99", percentile(times["disk"]) * 1e3, "ms", "<=50"),
    ]


def storm(bench: Bench) -> list[Measure]:
    """Gaps between the tokens of 8 answers, alone and while one adapter after another is loaded from disk."""
    more = [random_adapter(bench.base, bench.store, 1_000 + number) for number in range(LOADS // 4)]
    limits = Limits(slot_bytes=3 * RANK * Slots(bench.base, 1).row_bytes)  # so that each request loads
    with bench.engine(0, limits) as (engine, adapters):
        for id in more:
            adapters.check(Choice.one(id))
        choice = Choice.one(bench.ids[0])
        loader = engine._loader
        assert loader is not None
        gaps: dict[bool, list[float]] = {False: [], True: []}
        loaded = 0
        for loads in (False, True) * 3:
            timed = [ask(engine, choice, prompt, ANSWER) for prompt in prompts(8, PROMPT)]
            while not all(len(each.came) > 2 for each in timed):
                time.sleep(0.01)
            while loads and not any(each.ended.is_set() for each in timed):
                id = more[loaded % len(more)]
                forget(bench, [id])
                lease = loader.request(Choice.one(id))
                while not lease.ready:
                    time.sleep(0.001)
                loader.give_back(lease)
                loaded += 1
            for each in timed:
                each.wait()
                gaps[loads] += [after - before for before, after in itertools.pairwise(each.came[2:])]
    assert loaded >= LOADS
    alone, beside = percentile(gaps[False]), percentile(gaps[True])
    return [
        Measure("engine", "between tokens of 8 answers, p99", alone * 1e3, "ms"),
        Measure("engine", "the same while adapters load", beside * 1e3, "ms"),
        Measure("engine", "adapters loaded meanwhile", loaded, "", f">={LOADS}"),
        Measure("engine", "between tokens, loading ÷ not, p99", beside / alone, "", "<=1.1"),
        Measure("engine", "the same, median", median(gaps[True]) / median(gaps[False]), ""),
    ]


def registered(bench: Bench) -> list[Measure]:
    """Memory of an engine whose store has many adapters, all asked for once, beyond its budgets."""
    source = bench.store.folder(bench.ids[0])
    config = json.loads((source / CONFIG).read_bytes())
    store = AdapterStore(bench.folder / "registered")
    ids = []
    for number in range(REGISTERED):  # the same weights under other names: disk is not what is measured
        work = store.workspace()
        os.link(source / WEIGHTS, work / WEIGHTS)
        (work / CONFIG).write_bytes(hashing.canonical({**config, "revision": str(number)}))
        ids.append(store.put(work))
    budget = 64 << 20
    began = anonymous_bytes()
    adapters = AdapterCache(store, bench.base, budget, "bench")
    limits = Limits(slot_bytes=budget, cache_bytes=budget)
    engine = LLMEngine(bench.base, -1, bench.threads, limits, adapters)
    for start in range(0, len(ids), 64):
        batch = ids[start : start + 64]
        for timed in [ask(engine, Choice.one(id), [7, 8, 9], 1) for id in batch]:
            timed.wait()
        for id in batch:
            packed_path(store.folder(id), bench.base.dtype).unlink()
    grown = anonymous_bytes() - began
    engine.close()
    books = max(grown - 3 * budget, 0)
    return [
        Measure("engine", f"memory beyond the base, {REGISTERED} adapters asked", grown / 1e6, "MB"),
        Measure("engine", "of that beyond the budgets of 3 × 67 MB", books / 1e6, "MB", "<=200"),
    ]


def churn(bench: Bench) -> list[Measure]:
    """Answers of two tokens by adapters that make one token certain each, with evictions in all tiers."""
    base = make_certain(CHURN_ADAPTERS + 4)
    store = AdapterStore(bench.folder / "certain")
    ids = list(write_certain(base, store, CHURN_ADAPTERS))
    size = AdapterCache(store, base, 0).acquire(Choice.one(ids[3])).bytes
    adapters = AdapterCache(store, base, 100 * size)
    limits = Limits(slot_bytes=100 * Slots(base, 1).row_bytes, cache_bytes=4 << 20)
    engine = LLMEngine(base, -1, 1, limits, adapters)
    generator, wrong, tokens = random.Random(1), 0, 0
    for _ in range(CHURN // 500):
        numbers = [generator.randrange(CHURN_ADAPTERS) for _ in range(500)]
        timed = [
            ask(engine, Choice.one(ids[number]), [generator.randrange(CHURN_ADAPTERS) for _ in range(12)], 2)
            for number in numbers
        ]
        for number, each in zip(numbers, timed, strict=True):
            answer = each.wait()
            tokens += len(answer)
            wrong += sum(token != number for token in answer)
    engine.close()
    assert tokens == 2 * CHURN
    return [
        Measure(
            "engine", f"wrong tokens in {CHURN} requests over {CHURN_ADAPTERS} adapters", wrong, "", "<=0"
        ),
    ]
