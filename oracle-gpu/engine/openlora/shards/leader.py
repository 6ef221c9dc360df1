"""The first shard: whatever it asks of the base, it first tells the others to compute with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from openlora.adapters.cache import Chosen
from openlora.errors import EngineError
from openlora.ops.attention import PagedBatch
from openlora.ops.lora import LoraSwitch
from openlora.shards.group import Group

log = logging.getLogger(__name__)


class Leader:
    """Takes the place of the model's body (models/base.py). Used from the engine's thread.

    A shard that fails, here or elsewhere, leaves the others in the middle of a sum: nothing can be computed
    from then on, and `on_loss` is called once.
    """

    def __init__(self, group: Group, on_loss: Callable[[], None]) -> None:
        self._group = group
        self._on_loss = on_loss
        self._is_lost = False

    def begin(self, blocks: int, rows: int) -> None:
        """Say how much the others shall hold: blocks of the cache, rank rows of adapters."""
        self._tell({"do": "begin", "blocks": blocks, "rows": rows})

    def clear(self, blocks: Sequence[int]) -> None:
        if blocks:
            self._tell({"do": "clear", "blocks": list(blocks)})

    def end(self) -> None:
        if not self._is_lost:
            self._tell({"do": "end"})
            self._group.leave()

    def lose(self) -> None:
        """From any thread."""
        if not self._is_lost:
            self._is_lost = True
            log.error("a shard is lost")
            self._on_loss()

    def compute(self, model: Any, switch: LoraSwitch, **asked: Any) -> Any:
        """A pass of `model`, the first shard, with what the switch says. EngineError 400, 503."""
        message = {"do": "pass", "ids": asked["input_ids"].tolist(), **_adapters(switch)}
        if asked.get("past_key_values") is not None:
            raise unsupported("answers from passages")
        if "position_ids" in asked:
            message["positions"] = asked["position_ids"].tolist()
        if "paged" in asked:
            message["batch"] = _describe(asked["paged"])
        self._tell(message)
        try:
            return model(**asked)
        except Exception:
            self.lose()
            raise

    def _tell(self, message: dict[str, Any]) -> None:
        if self._is_lost:
            raise EngineError(503, "shard_lost", "A part of the base is gone: start the engine again.")
        try:
            self._group.tell(message)
        except Exception:
            self.lose()
            raise


def unsupported(what: str) -> EngineError:
    return EngineError(
        400,
        "shards_unsupported",
        f"An engine of several shards gives no {what}: ask one that was started with one.",
    )


def _adapters(switch: LoraSwitch) -> dict[str, Any]:
    """Which adapters lie where for which tokens, or the one of the whole pass."""
    if switch.plan is not None:
        groups = [
            [group.tokens.start, group.tokens.stop, group.ranks.start, group.ranks.stop, group.parts]
            for group in switch.plan.groups
        ]
        return {"groups": groups}
    if not switch.current:
        return {}
    assert isinstance(switch.current, Chosen), "an adapter that the other shards do not know"
    return {"parts": switch.current.choice.parts}


def _describe(batch: PagedBatch) -> dict[str, Any]:
    stretches = [
        [
            [each.rows.start, each.rows.stop] if isinstance(each.rows, slice) else None,
            None if isinstance(each.rows, slice) else _list(each.rows),
            _list(each.blocks),
            _list(each.lengths),
            each.new,
        ]
        for each in batch.stretches
    ]
    return {"slots": _list(batch.slots), "stretches": stretches}


def _list(numbers: Tensor) -> list[int]:
    found: list[int] = numbers.tolist()
    return found
