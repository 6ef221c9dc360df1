"""Exact integer scores of all rows of an index against one query, in one pass over memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numkong
import numpy as np
import torch
from torch import Tensor

from openlora.verify.hashing import COMPONENTS_PER_CHUNK

# int8 [n, k]: an array or memory map for the CPU, a tensor for CUDA.
Rows: TypeAlias = np.ndarray | Tensor
SHARE_BYTES = 1 << 20  # less than this for each thread is not worth a second one
COLUMNS = 8  # cuBLAS multiplies integers eight columns at a time


def scores(rows: Rows, query: np.ndarray, threads: int | None = None) -> np.ndarray:
    """int32 dot products [n, chunks] of int8 rows [n, k] with an int8 query [k], per 4,096 components.

    Exact for every int8 and on every processor, so also the same with any number of threads (default:
    torch's). A chunk's sum is below 2²⁶. torch's own `_int_mm` would not do: without VNNI instructions
    its products of ±127 saturate at 16 bits.
    """
    if rows.shape[1] != len(query) or query.dtype != np.int8:
        raise ValueError(f"a query of {rows.shape[1]} int8 is needed, not of {len(query)} {query.dtype}")
    if isinstance(rows, Tensor):
        return _scores_cuda(rows, query)
    if rows.dtype != np.int8:
        raise ValueError(f"rows are int8, not {rows.dtype}")
    count, k = rows.shape
    found = np.zeros((count, -(-k // COMPONENTS_PER_CHUNK)), np.int32)
    shares = max(1, min(threads or torch.get_num_threads(), rows.size // SHARE_BYTES))
    bounds = [count * i // shares for i in range(shares + 1)]
    parts = [(bounds[i], bounds[i + 1]) for i in range(shares) if bounds[i] < bounds[i + 1]]
    if len(parts) <= 1:
        for start, end in parts:
            _scan(rows[start:end], query, found[start:end])
    else:
        with ThreadPoolExecutor(len(parts)) as pool:  # the scan runs without the interpreter's lock
            list(pool.map(lambda part: _scan(rows[slice(*part)], query, found[slice(*part)]), parts))
    return found


def totals(partials: np.ndarray) -> np.ndarray:
    """Scores int64 [n] of partial sums [n, chunks]."""
    summed: np.ndarray = partials.sum(axis=1, dtype=np.int64)
    return summed


def _scan(rows: np.ndarray, query: np.ndarray, out: np.ndarray) -> None:
    for chunk in range(out.shape[1]):
        part = slice(chunk * COMPONENTS_PER_CHUNK, (chunk + 1) * COMPONENTS_PER_CHUNK)
        # float64 holds every such sum exactly.
        products = numkong.cdist(np.asarray(rows[:, part]), query[None, part], metric="dot")
        out[:, chunk] = np.asarray(products)[:, 0]


def _scores_cuda(rows: Tensor, query: np.ndarray) -> np.ndarray:
    """On the rows' own device; rows and components are padded to what integer products there need."""
    sums = []
    for start in range(0, len(query), COMPONENTS_PER_CHUNK):
        part = rows[:, start : start + COMPONENTS_PER_CHUNK]
        spare = (0, -part.shape[1] % COLUMNS, 0, max(0, 32 - len(part)))
        part = torch.nn.functional.pad(part, spare) if any(spare) else part.contiguous()
        column = torch.zeros(part.shape[1], COLUMNS, dtype=torch.int8)
        given = query[start : start + COMPONENTS_PER_CHUNK]
        column[: len(given), 0] = torch.from_numpy(given.copy())
        sums.append(torch._int_mm(part, column.to(rows.device))[: len(rows), 0])
    found: np.ndarray = torch.stack(sums, dim=1).cpu().numpy()
    return found
