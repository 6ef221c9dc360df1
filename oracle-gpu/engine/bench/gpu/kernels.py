"""Every kernel against the reference operators, at a model's own shapes: compiled, correct, and how fast.

Inputs are rounded to the serving type; the reference computes from them in float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from bench.gpu.setting import Setting
from bench.measure import Measure
from openlora.ops.attention import PagedCache, Span
from openlora.ops.fp8 import Fp8Linear
from openlora.ops.operators import Operators, Reference
from openlora.ops.segments import Group, Pool

BLOCK = 16
ROUGH, EXACT = "<=0.01", "<=0.0001"  # relative errors that bfloat16 and float32 explain
REPEATS = 20


def kernels(of: Setting) -> list[Measure]:
    check = _Check(of)
    found = []
    for name, counts in (("decode", [1] * of.sequences), ("prompts", [5, 8 * of.prompt // 4, 1, 1, 37])):
        found += check.adapters(name, counts)
        for kind, window, softcap in (("", None, None), (", window and softcap", of.prompt // 2, 30.0)):
            found += check.attention(f"{name}{kind}", counts, window, softcap)
    return found + check.fp8()


class _Check:
    def __init__(self, of: Setting) -> None:
        self._of = of
        self._kernels: Operators = of.operators()
        self._reference = Reference(of.device)
        self._generator = torch.Generator(of.device).manual_seed(1)
        self._goal = EXACT if of.dtype == torch.float32 else ROUGH

    def adapters(self, name: str, counts: list[int]) -> list[Measure]:
        """Ranks 0, 1, rank, 3 · rank, rank, … one for each request."""
        inside, outside = self._of.model["hidden_size"], self._of.model["intermediate_size"]
        sizes = [0, 1, *[self._of.rank, 3 * self._of.rank] * len(counts)][: len(counts)]
        groups, row, rank = [], 0, 0
        for count, size in zip(counts, sizes, strict=True):
            if size:
                groups.append(Group(slice(row, row + count), slice(rank, rank + size)))
            row, rank = row + count, rank + size
        pool = Pool(self._random(rank + 1, inside, scale=inside**-0.5), self._random(rank + 1, outside))
        x, y = self._random(1, row, inside), self._random(1, row, outside)
        ours = self._kernels.adapters({"layer": pool}, groups, [])
        exact = self._reference.adapters({"layer": Pool(pool.a.float(), pool.b.float())}, groups, [])
        found = ours.add("layer", None, x, y.clone())
        expected = exact.add("layer", None, x.float(), y.clone().float())
        took = self._time(lambda: ours.add("layer", None, x, y))
        return self._told(f"adapters, {name}", found, expected, took)

    def attention(
        self, name: str, counts: list[int], window: int | None, softcap: float | None
    ) -> list[Measure]:
        config, width = self._of.model, self._of.prompt
        heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
        dim = config["hidden_size"] // heads
        spans, row, block = [], 0, 0
        for number, count in enumerate(counts):
            end = count + width - number * width // (2 * len(counts))  # of different lengths
            blocks = -(-end // BLOCK)
            spans.append(Span(row, count, end, range(block, block + blocks)))
            row, block = row + count, block + blocks
        cache = PagedCache(
            BLOCK,
            [self._random(block, BLOCK, shared, dim)],
            [self._random(block, BLOCK, shared, dim)],
        )
        query = self._random(1, heads, row, dim)
        key, value = self._random(1, shared, row, dim), self._random(1, shared, row, dim)
        exact = PagedCache(BLOCK, [cache.keys[0].float()], [cache.values[0].float()])
        ours = self._kernels.attention(cache, spans)
        seen = (None, window, softcap)
        found = ours.attend(0, query, key, value, *seen)
        expected = self._reference.attention(exact, spans).attend(
            0, query.float(), key.float(), value.float(), *seen
        )
        took = self._time(lambda: ours.attend(0, query, key, value, *seen))
        return self._told(f"attention, {name}", found, expected, took)

    def fp8(self) -> list[Measure]:
        """Against the same rounded numbers, multiplied in float32."""
        inside, outside = self._of.model["hidden_size"], self._of.model["intermediate_size"]
        with self._of.device:
            plain = nn.Linear(inside, outside, bias=False, dtype=self._of.dtype)
        layer = Fp8Linear(plain)
        x = self._random(33, inside)
        expected = layer.cpu().multiply(x.float().cpu())
        layer.to(self._of.device)
        return self._told("8-bit floats", layer(x), expected, self._time(lambda: layer(x)))

    def _random(self, *shape: int, scale: float = 1.0) -> Tensor:
        numbers = torch.randn(*shape, generator=self._generator, device=self._of.device) * scale
        return numbers.to(self._of.dtype)

    def _told(self, name: str, found: Tensor, expected: Tensor, took: float) -> list[Measure]:
        off = (found.float().cpu() - expected.float().cpu()).norm() / expected.float().cpu().norm()
        return [
            Measure("gpu", f"{name}: relative error", float(off), "", self._goal),
            Measure("gpu", f"{name}: median", took * 1e6, "µs"),
        ]

    def _time(self, run: Callable[[], Any]) -> float:
        """Seconds of a call; on a GPU of the device alone."""
        if self._of.is_small:
            started = time.monotonic()
            run()
            return time.monotonic() - started
        times = []
        for _ in range(REPEATS):
            before = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            after = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            before.record()
            run()
            after.record()
            torch.cuda.synchronize()
            times.append(before.elapsed_time(after) / 1e3)
        return float(median(times))
