"""Recording of a step: its kernels are launched again as one, without the model's Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

WARM = 2  # runs before: libraries set themselves up at the first, and must not within the recording

Compute = Callable[[], Tensor]


def record(compute: Compute, device: torch.device, pool: Any) -> Compute:
    """`compute`, recorded where the device can; what it returns is overwritten by the next call.

    It must wait for nothing and read and write the same places each time; RuntimeError where it does not.
    `pool`: of torch.cuda.graph_pool_handle(), the same for recordings that are never replayed together.
    """
    if device.type != "cuda":  # kernels in the interpreter
        return compute
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(WARM):
            compute()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # Other threads go on: the one that loads adapters may take memory meanwhile.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        found = compute()

    def replay() -> Tensor:
        graph.replay()
        return found

    return replay
