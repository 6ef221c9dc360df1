"""Memory of a device that serves a base in eight-bit floats with thousands of adapters registered."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from bench.adapters import anonymous_bytes
from bench.gpu.setting import Setting, make_adapters, make_base
from bench.measure import Measure
from bench.serving import ask
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.packed import packed_path
from openlora.config import Limits, core_count
from openlora.engine.llm_engine import LLMEngine

MEMORY = 1 << 30  # of adapters in memory


def memory(of: Setting) -> list[Measure]:
    """With the engine's own budgets. What making the base took before it was rounded is not counted."""
    base = make_base(of, is_fp8=True)
    if not of.is_small:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    limits = Limits(cache_bytes=1 << 20, slot_bytes=1 << 20) if of.is_small else Limits()
    with tempfile.TemporaryDirectory() as folder:
        store, ids = make_adapters(base, Path(folder), of.registered, of.rank)
        adapters = AdapterCache(store, base, MEMORY, "bench")
        engine = LLMEngine(base, -1, core_count(), limits, adapters, of.operators())
        try:
            for id in ids[:: len(ids) // of.asked][: of.asked]:
                ask(engine, Choice.one(id), [7, 8, 9], 2).wait()
                packed_path(store.folder(id), base.dtype).unlink()  # the disk is not what is looked at
        finally:
            engine.close()
        held = anonymous_bytes() if of.is_small else torch.cuda.max_memory_reserved()
    name = f"8-bit floats, {of.registered} adapters registered, {of.asked} of them asked"
    return [Measure("gpu", name, held / 1e9, "GB", "<=12")]
