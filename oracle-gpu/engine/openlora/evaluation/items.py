"""Questions that a model is measured on: read, committed to before a training, kept out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from openlora.errors import EngineError
from openlora.train.spec import Record
from openlora.verify import hashing

MOST_ITEMS = 2_000


class Grouped(Protocol):
    """Anything that has an id and belongs to a cluster of near-duplicates."""

    @property
    def recordId(self) -> str: ...

    @property
    def cluster(self) -> str: ...


def read_items(path: Path) -> list[Record]:
    """Items of a JSONL file, `{recordId, cluster, messages}` each; EngineError 400 names the line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(400, "bad_items", f"{path} cannot be read as UTF-8 text: {error}") from error
    items: list[Record] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = Record.model_validate_json(line)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise EngineError(
                400, "bad_items", f"Line {number} of {path.name} is no item: {reason}."
            ) from error
        items.append(item)
    if not 1 <= len(items) <= MOST_ITEMS:
        message = f"{path.name} has {len(items)} items: give 1 to {MOST_ITEMS}."
        raise EngineError(400, "bad_items", message)
    if len({item.recordId for item in items}) < len(items):
        raise EngineError(400, "bad_items", f"{path.name} lists an item twice: each counts once.")
    return items


def commitment(items: Iterable[Record], salt: bytes) -> str:
    """keccak(salt ‖ keccak of each item's canonical JSON, in the order of their ids).

    Published before a training, it fixes the questions; the salt, 32 bytes, keeps anybody from trying which
    they are until it is told. ValueError for another salt.
    """
    if len(salt) != 32:
        raise ValueError("a salt has 32 bytes")
    ordered = sorted(items, key=lambda item: item.recordId)
    leaves = [hashing.keccak256(hashing.canonical(item.plain)) for item in ordered]
    return hashing.to_hex(hashing.keccak256(salt + b"".join(leaves)))


def without(records: Sequence[Mapping[str, Any]], items: Iterable[Grouped]) -> list[Mapping[str, Any]]:
    """The records that are no near-duplicate of an item: what may be trained on."""
    items = list(items)
    kept_out = {item.cluster for item in items} | {item.recordId for item in items}
    return [x for x in records if x["cluster"] not in kept_out and x["recordId"] not in kept_out]


def require_kept_out(trained: Iterable[Grouped], items: Iterable[Grouped]) -> None:
    """EngineError 409 naming the first item whose cluster was trained on: it would measure memory."""
    clusters = {record.cluster for record in trained}
    for item in items:
        if item.cluster in clusters:
            message = f"Item {item.recordId} has near-duplicates among the trained records: leave it out."
            raise EngineError(409, "item_trained_on", message, recordId=item.recordId)
