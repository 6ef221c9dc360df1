"""The kernels compute what the reference operators compute, on a device or in Triton's interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pytest
import torch
from torch import Tensor

from openlora.ops.attention import PagedCache, Span
from openlora.ops.operators import Reference, Row, Shape, choose_operators
from openlora.ops.segments import Gains, Group, Pool

pytest.importorskip("triton")  # there is none for every system

from openlora.ops.kernels.operators import Kernels

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# Triton 3.7's interpreter multiplies bfloat16 as if it were integers.
HALF = torch.bfloat16 if torch.cuda.is_available() else torch.float16
BLOCK = 4


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).to(DEVICE, dtype)


def groups_of(counts: Sequence[int], ranks: Sequence[int]) -> list[Group]:
    """One after another; those of rank 0 are the base's alone."""
    rows, places = [0, *accumulate(counts)], [0, *accumulate(ranks)]
    return [
        Group(slice(row, row + count), slice(place, place + rank))
        for row, count, place, rank in zip(rows, counts, places, ranks, strict=False)
        if rank
    ]


@pytest.mark.parametrize(
    ("counts", "ranks", "inside", "outside"),
    [
        ([1], [1], 8, 8),
        ([1, 1, 1, 1], [4, 40, 0, 1], 50, 70),  # decoding, of mixed ranks, one without an adapter
        ([3, 33, 1, 20], [16, 17, 3, 0], 32, 48),  # a step that reads prompts, too
        ([40, 7], [2, 2], 300, 520),  # more columns than are taken together
    ],
    ids=["one token", "decode", "mixed", "wide"],
)
@pytest.mark.parametrize("dtype", [torch.float32, HALF])
def test_adapters_are_added_as_by_the_reference(
    counts: list[int], ranks: list[int], inside: int, outside: int, dtype: torch.dtype
) -> None:
    tokens, groups = sum(counts), groups_of(counts, ranks)
    pool = Pool(
        random(sum(ranks) + 3, inside, seed=1, dtype=dtype) / inside**0.5,
        random(sum(ranks) + 3, outside, seed=2, dtype=dtype),
    )
    x, y = random(1, tokens, inside, seed=3, dtype=dtype), random(1, tokens, outside, seed=4, dtype=dtype)
    bias = random(outside, seed=5, dtype=dtype)
    gains: Gains = [(groups[0].tokens, {"layer": random(outside, seed=6).abs()})]
    found = Kernels(DEVICE).adapters({"layer": pool}, groups, gains).add("layer", bias, x, y.clone())
    exact = Pool(pool.a.float(), pool.b.float())
    plan = Reference(DEVICE).adapters({"layer": exact}, groups, gains)
    expected = plan.add("layer", bias.float(), x.float(), y.float())
    allowed = 1e-5 if dtype == torch.float32 else 3e-2
    torch.testing.assert_close(found.float(), expected, rtol=allowed, atol=allowed)
    rest = [
        row
        for row in range(tokens)
        if not any(row in range(*group.tokens.indices(tokens)) for group in groups)
    ]
    assert torch.equal(found[0, rest], y[0, rest]), "whoever asks the base alone gets what it says"
    other = Kernels(DEVICE).adapters({}, groups, gains).add("layer", bias, x, y)
    assert other is y, "a layer that no adapter changes"


def test_an_adapter_whose_products_overflow_reaches_no_neighbour() -> None:
    groups = groups_of([1, 1, 9, 9], [4, 4, 4, 4])
    pool = Pool(random(16, 32, seed=1), random(16, 24, seed=2))
    x, y = random(1, 20, 32, seed=3), random(1, 20, 24, seed=4)
    kernels = Kernels(DEVICE)
    alone = kernels.adapters({"layer": pool}, [groups[0], groups[2]], []).add("layer", None, x, y.clone())
    for group in (groups[1], groups[3]):
        pool.a[group.ranks] = pool.b[group.ranks] = 3e38
    beside = kernels.adapters({"layer": pool}, groups, []).add("layer", None, x, y.clone())
    for group in (groups[0], groups[2]):
        assert torch.equal(beside[0, group.tokens], alone[0, group.tokens])
    assert not beside[0, groups[1].tokens].isfinite().all(), "so the test would see it"


# Tokens in the batch, and tokens of the request in all
STEPS = {
    "one token": [(1, 1)],
    "decode": [(1, 1), (1, 5), (1, 130), (1, 16)],
    "prompts": [(7, 7), (33, 40), (1, 9), (2, 70)],
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("heads", "shared", "key_dim", "value_dim", "window", "softcap", "scale"),
    [
        (4, 4, 8, 8, None, None, None),
        (6, 2, 20, 12, None, 3.0, 0.3),  # groups of three, odd sizes, values of another size
        (8, 1, 16, 16, 6, None, None),
        (4, 2, 16, 16, 1, 5.0, None),  # sees itself alone
    ],
    ids=["plain", "softcap", "window", "narrowest window"],
)
def test_attention_sees_what_the_reference_sees(
    step: str,
    heads: int,
    shared: int,
    key_dim: int,
    value_dim: int,
    window: int | None,
    softcap: float | None,
    scale: float | None,
) -> None:
    spans, row, block = [], 0, 0
    for count, end in STEPS[step]:
        needed = -(-end // BLOCK)
        spans.append(Span(row, count, end, [block + needed - 1 - each for each in range(needed)]))
        row, block = row + count, block + needed
    query = random(1, heads, row, key_dim, seed=1)
    key, value = random(1, shared, row, key_dim, seed=2), random(1, shared, row, value_dim, seed=3)
    found = []
    for operators in (Kernels(DEVICE), Reference(DEVICE)):
        keys, values = (random(block, BLOCK, shared, dim, seed=4) for dim in (key_dim, value_dim))
        cache = PagedCache(BLOCK, [keys], [values])
        found.append(operators.attention(cache, spans).attend(0, query, key, value, scale, window, softcap))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_what_is_no_number_in_blocks_of_others_stays_there() -> None:
    keys, values = random(4, BLOCK, 2, 8, seed=1), random(4, BLOCK, 2, 8, seed=2)
    keys[2:] = values[2:] = torch.nan
    query, key, value = random(1, 2, 1, 8), random(1, 2, 1, 8, seed=3), random(1, 2, 1, 8, seed=4)
    batch = Kernels(DEVICE).attention(PagedCache(BLOCK, [keys], [values]), [Span(0, 1, 6, [0, 1, 2, 3])])
    assert batch.attend(0, query, key, value, None, None, None).isfinite().all()


def test_rows_beyond_the_requests_change_nothing_but_the_spare_block() -> None:
    """A step in buffers with room for four, of two requests and then of one."""
    blocks, ranks, width = 6, 5, 24
    pool = Pool(random(ranks, width, seed=1), random(ranks, width, seed=2))
    rows = [Row(7, 9, 10, [3, 1, 2], slice(1, 4)), Row(8, 2, 3, [4], slice(0, 0))]
    caches = [
        PagedCache(BLOCK, [random(blocks, BLOCK, 2, 8, seed=5)], [random(blocks, BLOCK, 2, 8, seed=6)])
        for _ in range(2)
    ]
    kernels = Kernels(DEVICE)
    buffers = kernels.buffers(Shape(4, 3, 16), caches[0], {"layer": pool})
    for asked in (rows, rows[1:]):
        buffers.fill(asked)
        count = len(asked)
        assert buffers.ids.tolist() == [[row.token for row in asked] + [0] * (4 - count)]
        assert buffers.positions.tolist() == [[row.position for row in asked] + [0] * (4 - count)]
        query, key, value = (random(1, heads, 4, 8, seed=heads) for heads in (4, 2, 2))
        found = buffers.attention.attend(0, query, key, value, None, None, None)
        spans = [Span(number, 1, row.end, row.blocks) for number, row in enumerate(asked)]
        reference = Reference(DEVICE).attention(caches[1], spans)
        few = (part[:, :, :count] for part in (query, key, value))
        expected = reference.attend(0, next(few), next(few), next(few), None, None, None)
        torch.testing.assert_close(found[:, :count], expected, rtol=1e-5, atol=1e-5)
        for mine, other in zip(caches[0].keys, caches[1].keys, strict=True):
            assert torch.equal(mine[:-1], other[:-1])
        x, y = random(1, 4, width, seed=8), random(1, 4, width, seed=9)
        added = buffers.adapters.add("layer", None, x, y.clone())
        groups = [
            Group(slice(number, number + 1), row.ranks)
            for number, row in enumerate(asked)
            if row.ranks != slice(0, 0)
        ]
        plan = Reference(DEVICE).adapters({"layer": pool}, groups, [])
        torch.testing.assert_close(added, plan.add("layer", None, x, y.clone()), rtol=1e-5, atol=1e-5)


def test_a_cpu_is_served_by_the_reference() -> None:
    assert isinstance(choose_operators(torch.device("cpu")), Reference)
