"""Another shard than the first: a process that computes its part of whatever the first one tells it."""

from __future__ import annotations

import argparse
import logging
from typing import Any

import torch
from torch import Tensor

from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.slots import Slots
from openlora.adapters.store import AdapterStore
from openlora.engine.llm_engine import BLOCK_SIZE
from openlora.engine.probe import probe
from openlora.models.base import BaseModel
from openlora.ops.attention import PagedBatch, PagedCache, Stretch, paged
from openlora.ops.segments import Group as Tokens
from openlora.ops.segments import TokenPlan, divide
from openlora.parent import leave_with_parent
from openlora.shards.cut import Place, load_shard
from openlora.shards.group import Group, Message


class Follower:
    def __init__(self, base: BaseModel, adapters: AdapterCache, group: Group) -> None:
        self._base = base
        self._adapters = adapters
        self._group = group
        self._shapes = probe(base).shapes  # together with the first shard, which tries the same
        self._held: dict[tuple[int, int], Choice] = {}  # by the rank rows that they lie in

    @torch.no_grad()
    def run(self) -> None:
        """Until the first one ends."""
        while (message := self._group.hear())["do"] != "end":
            if message["do"] == "begin":
                self._begin(message)
            elif message["do"] == "clear":
                self._cache.clear(message["blocks"])
            else:
                self._pass(message)
        self._group.leave()

    def _begin(self, message: Message) -> None:
        assert self._shapes is not None
        like = torch.empty(0, dtype=self._base.dtype, device=self._base.device)
        self._cache = PagedCache.make(message["blocks"], BLOCK_SIZE, self._shapes, like)
        self._slots = Slots(self._base, 0)
        self._slots.capacity = message["rows"]

    def _pass(self, message: Message) -> None:
        asked: dict[str, Any] = {"input_ids": self._tensor(message["ids"]), "use_cache": False}
        if "positions" in message:
            asked["position_ids"] = self._tensor(message["positions"])
        body, switch = self._base.body, self._base.switch
        if "batch" not in message:
            parts = message.get("parts")
            with switch.use(None if parts is None else self._adapters.weights(_choice(parts))):
                body(**asked)
            return
        groups = [self._placed(*group) for group in message["groups"]]
        plan = TokenPlan(self._slots.pools, divide(groups, self._base.device))
        with paged(self._base), switch.use_by_token(plan):
            body(**asked, paged=self._batch(message["batch"]))

    def _placed(self, start: int, stop: int, low: int, high: int, parts: list[list[Any]]) -> Tokens:
        """Tokens and the rows of their adapter, which is read now if it does not lie there yet."""
        choice = _choice(parts)
        if self._held.get((low, high)) != choice:
            packed = self._adapters.acquire(choice)
            self._slots.wipe(slice(low, high))
            self._slots.write(packed, slice(low, high))
            self._adapters.release(choice.key)
            others = [rows for rows in self._held if rows[0] < high and low < rows[1]]
            for rows in others:
                del self._held[rows]
            self._held[low, high] = choice
        return Tokens(slice(start, stop), slice(low, high))

    def _batch(self, told: dict[str, Any]) -> PagedBatch:
        stretches = [
            Stretch(
                self._tensor(rows) if span is None else slice(*span),
                self._tensor(blocks),
                self._tensor(lengths),
                new,
            )
            for span, rows, blocks, lengths, new in told["stretches"]
        ]
        return PagedBatch(self._cache, self._tensor(told["slots"]), stretches)

    def _tensor(self, values: Any) -> Tensor:
        return torch.tensor(values, device=self._base.device)


def _choice(parts: list[list[Any]]) -> Choice:
    return Choice(tuple((id, weight) for id, weight in parts))


def main(arguments: argparse.Namespace) -> int:
    leave_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    torch.set_num_threads(arguments.threads)
    place, device = Place(arguments.number, arguments.count), torch.device(arguments.device)
    dtype = torch.bfloat16 if arguments.dtype == "bfloat16" else torch.float32
    base = load_shard(arguments.base, dtype, device, place)
    adapters = AdapterCache(
        AdapterStore(arguments.adapters), base, arguments.resident_bytes, arguments.base_id
    )
    Follower(base, adapters, Group(place, arguments.meeting, device)).run()
    return 0
