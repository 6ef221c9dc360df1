"""Records as a training reads them, for whoever looks at them before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from openlora.train.examples import Example, pieces_of
from openlora.train.spec import Row, Training

MOST = 5


def samples(
    tokenizer: Any, rows: Sequence[Row], examples: Sequence[Example], training: Training
) -> list[dict[str, Any]]:
    """Up to MOST of `examples`: one of each datanet, the longest, the shortest, and others in their order.

    Each is `{ text, trained: [start, end][], kind, tokens, dropped, pieces, readTo?, datanet? }`: the
    rendered text, the characters that have a loss, and, where tokens beyond maxLength are dropped, the
    character up to which it is read.
    """
    kinds = {row.recordId: row.kind for row in rows}
    return [_show(tokenizer, kinds[x.record_id], x, training.maxLength) for x in _choose(examples)]


def _choose(examples: Sequence[Example]) -> list[Example]:
    by_datanet = {example.datanet: example for example in reversed(examples)}
    ordered = sorted(examples, key=lambda example: len(example.tokens) + example.dropped)
    wanted = [examples[0], *by_datanet.values(), ordered[-1], ordered[0], *examples]
    return list({example.record_id: example for example in wanted}.values())[:MOST]


def _show(tokenizer: Any, kind: str, example: Example, max_length: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "text": example.text,
        "trained": [list(span) for span in example.spans],
        "kind": kind,
        "tokens": len(example.tokens) + example.dropped,
        "dropped": example.dropped,
        "pieces": len(pieces_of(example)),
    }
    if example.datanet is not None:
        found["datanet"] = example.datanet
    if example.dropped and tokenizer.is_fast:
        found["readTo"] = _read_to(tokenizer, example, max_length)
    return found


def _read_to(tokenizer: Any, example: Example, max_length: int) -> int:
    """Characters of the text that the first `max_length` tokens stand for; cut where templates.py cuts it."""
    edges = sorted({0, len(example.text), *(edge for span in example.spans for edge in span)})
    left = max_length
    for start, end in pairwise(edges):
        piece = example.text[start:end]
        offsets = tokenizer(piece, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        if len(offsets) >= left:
            return start + int(offsets[left - 1][1]) if left else start
        left -= len(offsets)
    return len(example.text)
