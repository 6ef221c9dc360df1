"""The hashes equal those of Solidity and TypeScript (docs/wire.md)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from openlora.verify import hashing

from .conftest import VECTORS


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return found


def test_record_ids_and_canonical_json() -> None:
    vectors = load("records.json")
    assert len(vectors["line"]) > 5
    for line, canonical, id in zip(vectors["line"], vectors["canonical"], vectors["recordId"], strict=True):
        record = json.loads(line)
        assert hashing.canonical(record).decode() == canonical
        assert hashing.to_hex(hashing.record_id(record)) == id


def test_sum_trees() -> None:
    vectors = load("trees.json")
    trees, leaves = vectors["trees"], vectors["leaves"]
    for i, tree in enumerate(trees["treeId"]):
        first, count = trees["firstLeaf"][i], trees["count"][i]
        made = [
            hashing.leaf(
                tree,
                int(leaves["key"][j], 16),
                bytes.fromhex(leaves["data"][j][2:]),
                int(leaves["amount"][j]),
                int(leaves["weight"][j]),
            )
            for j in range(first, first + count)
        ]
        root = hashing.tree_root(tree, made)
        found = (hashing.to_hex(root.hash), str(root.amount), str(root.weight))
        assert found == (trees["root"][i], trees["amount"][i], trees["weight"][i])


def test_tokens_rows_queries_and_the_training_log() -> None:
    vectors = load("hashes.json")
    output = vectors["output"]
    assert hashing.to_hex(hashing.tokens_root(output["tokenIds"])) == output["tokensRoot"]
    values = np.frombuffer(bytes.fromhex(vectors["vector"]["int8"][2:]), np.int8)
    assert len(values) > hashing.COMPONENTS_PER_CHUNK, "more than one chunk"
    assert hashing.to_hex(hashing.row_root(values)) == vectors["vector"]["rowRoot"]
    assert hashing.to_hex(hashing.query_root(values)) == vectors["vector"]["queryRoot"]
    head = hashing.ZERO
    for entry in vectors["trainingLog"]["entries"]:
        head = hashing.log_head(head, hashing.canonical(json.loads(entry)))
    assert hashing.to_hex(head) == vectors["trainingLog"]["root"]


def test_a_sum_beyond_96_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="96 bits"):
        hashing.leaf(1, 0, hashing.ZERO, 1 << 96, 0)


def test_float_bits() -> None:
    assert hashing.float_bits(1.0) == 0x3F800000
    assert hashing.float_bits(-2.5) == 0xC0200000
