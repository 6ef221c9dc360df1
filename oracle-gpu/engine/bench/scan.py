"""Scoring a million rows of 1,024 int8 against one query, beside what else could do it and a plain read.

    python -m bench.scan [ROWS] [THREADS]

Other work on the same cores lengthens every time; so the time of the processor stands beside the clock's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openlora.config import core_count, fix_numerics

fix_numerics()

import numpy as np  # noqa: E402
import torch  # noqa: E402

from bench.measure import Measure, report  # noqa: E402
from openlora.attribution import scan  # noqa: E402

K = 1_024
ROUNDS = 15
SLOW = 10  # share of the rows that slow alternatives are timed on
BLOCK = 20_000  # rows that an alternative converts at a time


def main(count: int, threads: int) -> None:
    torch.set_num_threads(threads)
    generator = np.random.default_rng(0)
    rows = generator.integers(-127, 128, (count, K), dtype=np.int8)
    query = generator.integers(-127, 128, K, dtype=np.int8)
    tensor, column = torch.from_numpy(rows), torch.from_numpy(query)[:, None]
    words = rows.view(np.int64)
    pool = ThreadPoolExecutor(threads)

    def read() -> Any:
        """The greatest of all words: nothing but reading them, each thread its share."""
        bounds = [count * i // threads for i in range(threads + 1)]
        return max(pool.map(lambda i: int(words[bounds[i] : bounds[i + 1]].max()), range(threads)))

    def integers() -> Any:
        wide = query.astype(np.int32)
        return np.concatenate([block.astype(np.int32) @ wide for block in blocks(rows[: count // SLOW])])

    def floats() -> Any:
        wide = query.astype(np.float32)  # exact below 2²⁴: not for every chunk of 4,096
        return np.concatenate([block.astype(np.float32) @ wide for block in blocks(rows[: count // SLOW])])

    exact = scan.scores(rows, query)[:, 0]
    for other in (integers(), floats()):
        if not np.array_equal(other, exact[: len(other)]):
            raise SystemExit("the alternatives disagree: nothing is measured")
    name = f"{count:,} × {K:,}, {threads} threads"
    shipped, busy = best(lambda: scan.scores(rows, query, threads))
    reading, _ = best(read)
    gigabytes = rows.nbytes / 1e9
    # With all cores at hand the clock shows no more than this.
    alone = busy / threads
    measures = [
        Measure("scan", f"scan, {name}", shipped * 1e3, "ms", "<=60"),
        Measure("scan", "the same, processor time ÷ threads", alone * 1e3, "ms", "<=60"),
        Measure("scan", "the same, processor time of one thread", once(rows, query) * 1e3, "ms"),
        Measure("scan", "read by the scan", gigabytes / shipped, "GB/s"),
        Measure("scan", "a plain read (greatest word)", gigabytes / reading, "GB/s"),
        Measure("scan", "scan ÷ plain read", shipped / reading, "ratio"),
    ]
    vnni, _ = best(lambda: torch._int_mm(tensor, column))
    for label, seconds in [
        ("torch._int_mm (wrong without VNNI)", vnni),
        ("numpy, int32", best(integers, 1)[0] * SLOW),
        ("numpy, float32 BLAS", best(floats, 2)[0] * SLOW),
    ]:
        measures.append(Measure("scan", label, seconds * 1e3, "ms"))
        measures.append(Measure("scan", f"{label} ÷ scan", seconds / shipped, "ratio"))
    report(measures)


def blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[at : at + BLOCK] for at in range(0, len(rows), BLOCK)]


def once(rows: np.ndarray, query: np.ndarray) -> float:
    return best(lambda: scan.scores(rows, query, 1), 5)[1]


def best(work: Callable[[], Any], rounds: int = ROUNDS) -> tuple[float, float]:
    """Least seconds of the clock and of the processor in some rounds, after one that warms up."""
    work()
    found = []
    for _ in range(rounds):
        clock, processor = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - clock, time.process_time() - processor))
    return min(item[0] for item in found), min(item[1] for item in found)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [1_000_000, core_count()][len(given) :]))
