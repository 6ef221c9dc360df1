"""How long an adapter takes from memory to the device, the last byte included."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import torch

from bench.gpu.setting import Setting, make_adapters, make_base
from bench.measure import Measure
from bench.tiers import percentile
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.loader import Loader
from openlora.adapters.slots import Slots

ADAPTERS = 8


def switch(of: Setting) -> list[Measure]:
    """There is one slot, so that each call loads."""
    base = make_base(of)
    ready = threading.Event()
    times = []
    with tempfile.TemporaryDirectory() as folder:
        store, ids = make_adapters(base, Path(folder), ADAPTERS, of.rank)
        slots = Slots(base, of.rank * Slots(base, 1).row_bytes)
        slots.make_pools()
        cache = AdapterCache(store, base, 8 << 30, "bench")
        loader = Loader(cache, slots, 1e6, ready.set)
        for number in range(len(ids) + of.switches):
            ready.clear()
            started = time.monotonic()
            lease = loader.request(Choice.one(ids[number % len(ids)]))
            assert ready.wait(60)
            assert lease.error is None, lease.error
            assert lease.slot is not None
            lease.slot.arrive()
            if not of.is_small:
                torch.cuda.synchronize()
            if number >= len(ids):  # all are in memory then
                times.append(time.monotonic() - started)
            loader.give_back(lease)
        loader.close()
    return [
        Measure(
            "gpu", f"switch to one in memory, rank {of.rank}, p99", percentile(times) * 1e3, "ms", "<=10"
        ),
        Measure("gpu", "the same, median", percentile(times, 0.5) * 1e3, "ms"),
    ]
