"""Everything that is compiled or recorded, once, before the first request."""

from __future__ import annotations

import torch

from openlora.adapters.slots import Slots
from openlora.config import Limits
from openlora.engine.decode_steps import DecodeSteps
from openlora.models.base import BaseModel
from openlora.ops.attention import PagedCache, Span, paged
from openlora.ops.operators import Operators
from openlora.ops.segments import Group


@torch.no_grad()
def warm_up(
    base: BaseModel, operators: Operators, cache: PagedCache, slots: Slots | None, limits: Limits, blocks: int
) -> DecodeSteps | None:
    """Record decode steps and compute one step of each other kind; None where nothing is gained by it.

    `blocks`: the most of one request. The cache, which must be unused, holds noise afterwards: blocks are
    cleared before they are given out.
    """
    recorder = operators.recorder
    if recorder is None:
        return None
    pools = {}
    if slots is not None:
        slots.make_pools()
        pools = slots.pools
    steps = DecodeSteps(base, recorder, limits.max_active, blocks)
    steps.record(cache, pools)
    # A kernel is compiled for each of its constants: one token or many, in attention and in adapters.
    longest = min(limits.step_tokens, blocks * cache.block_size)
    for counts in ([1, 1], [longest], [longest - 1, 1]):
        _compute(base, operators, cache, slots, counts)
    return steps


def _compute(
    base: BaseModel, operators: Operators, cache: PagedCache, slots: Slots | None, counts: list[int]
) -> None:
    """One step of so many tokens each, with an adapter of zeros."""
    spans, groups, row = [], [], 0
    for count in counts:
        spans.append(Span(row, count, count, range(-(-count // cache.block_size))))
        if slots is not None:
            groups.append(Group(slice(row, row + count), slice(0, 1)))
        row += count
    adapters = operators.adapters({} if slots is None else slots.pools, groups, [])
    tokens = torch.zeros(1, row, dtype=torch.int64, device=base.device)
    with paged(base), base.switch.use_by_token(adapters):
        hidden = base.body(
            input_ids=tokens, position_ids=tokens, use_cache=False, paged=operators.attention(cache, spans)
        ).last_hidden_state[0]
    base.logits(hidden[-1:])
