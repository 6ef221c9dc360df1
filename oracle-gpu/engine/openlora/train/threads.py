"""How many threads train fastest here."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def choose_threads(step: Callable[[], object], most: int) -> int:
    """`most` threads, or one where `step` is faster by itself; torch is left with the number returned.

    Two virtual cores can be one real core, and a step waits for its slowest thread at each of thousands of
    small products: beside a few busy processes, two threads were seen to train at a quarter of one's speed.
    """
    seconds: dict[int, float] = {}
    for threads in dict.fromkeys((most, 1)):
        torch.set_num_threads(threads)
        step()  # the first one makes the threads and the memory
        began = time.monotonic()
        step()
        seconds[threads] = time.monotonic() - began
    chosen = min(seconds, key=lambda threads: seconds[threads])
    torch.set_num_threads(chosen)
    return chosen
