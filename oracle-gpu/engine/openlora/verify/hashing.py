"""Hashes of docs/wire.md that the engine computes: records, trees, rows, queries, the training log."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785
from Crypto.Hash import keccak as _keccak

TREE_TOKENS = 8
TREE_ROW = 9
TREE_QUERY = 10
TOKENS_PER_CHUNK = 64
COMPONENTS_PER_CHUNK = 4_096
ZERO = bytes(32)
SUM_MAX = (1 << 96) - 1


def keccak256(data: bytes) -> bytes:
    digest: bytes = _keccak.new(digest_bits=256, data=data).digest()
    return digest


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def sha256_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def to_hex(value: bytes) -> str:
    return "0x" + value.hex()


def from_hex(text: str) -> bytes:
    """32 bytes from `0x` hex; ValueError if it is not that."""
    value = bytes.fromhex(text.removeprefix("0x"))
    if len(value) != 32 or not text.startswith("0x"):
        raise ValueError("expected 0x and 64 hex digits")
    return value


def canonical(value: Any) -> bytes:
    """RFC 8785 canonical JSON as UTF-8."""
    encoded: bytes = rfc8785.dumps(value)
    return encoded


def record_id(record: Mapping[str, Any]) -> bytes:
    """keccak of the canonical JSON of `{messages, source}` and nothing else."""
    return keccak256(canonical({"messages": record["messages"], "source": record["source"]}))


def content_id(weights_sha256: bytes, config: Any) -> bytes:
    """Identity of a base model or adapter: sha256(sha256(weights) ‖ sha256(canonical config))."""
    return sha256(weights_sha256 + sha256(canonical(config)))


def tokenizer_hash(tokenizer_json: bytes, chat_template: str) -> bytes:
    return sha256(sha256(tokenizer_json) + sha256(chat_template.encode()))


@dataclass(frozen=True)
class SumNode:
    hash: bytes
    amount: int
    weight: int

    @property
    def sums(self) -> bytes:
        if not (0 <= self.amount <= SUM_MAX and 0 <= self.weight <= SUM_MAX):
            raise ValueError("a sum of the tree does not fit 96 bits")
        return self.amount.to_bytes(12, "big") + self.weight.to_bytes(12, "big")


def leaf(tree: int, key: int, data: bytes, amount: int, weight: int) -> SumNode:
    sums = SumNode(b"", amount, weight).sums
    head = b"\x00" + bytes([tree]) + key.to_bytes(32, "big")
    return SumNode(keccak256(head + data + sums), amount, weight)


def join(tree: int, left: SumNode, right: SumNode) -> SumNode:
    body = left.hash + left.sums + right.hash + right.sums
    amount, weight = left.amount + right.amount, left.weight + right.weight
    return SumNode(keccak256(b"\x01" + bytes([tree]) + body), amount, weight)


def tree_root(tree: int, leaves: Sequence[SumNode]) -> SumNode:
    """Root of the sum tree; the odd node of a level is promoted unchanged. No leaves: zeros."""
    if not leaves:
        return SumNode(ZERO, 0, 0)
    level = list(leaves)
    while len(level) > 1:
        pairs = [join(tree, level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return level[0]


def tokens_root(tokens: Sequence[int]) -> bytes:
    """Tree 8: token ids as uint32, 64 to a chunk."""
    leaves: list[SumNode] = []
    for start in range(0, len(tokens), TOKENS_PER_CHUNK):
        chunk = tokens[start : start + TOKENS_PER_CHUNK]
        data = keccak256(struct.pack(f">{len(chunk)}I", *chunk))
        leaves.append(leaf(TREE_TOKENS, len(leaves), data, len(chunk), 0))
    return tree_root(TREE_TOKENS, leaves).hash


def components_root(tree: int, values: np.ndarray) -> bytes:
    """Trees 9 and 10: an int8 vector [k], 4,096 components to a chunk."""
    if values.dtype != np.int8 or values.ndim != 1:
        raise ValueError("a row or query is a vector of int8")
    raw = values.tobytes()
    leaves: list[SumNode] = []
    for start in range(0, len(raw), COMPONENTS_PER_CHUNK):
        chunk = raw[start : start + COMPONENTS_PER_CHUNK]
        leaves.append(leaf(tree, len(leaves), keccak256(chunk), len(chunk), 0))
    return tree_root(tree, leaves).hash


def row_root(values: np.ndarray) -> bytes:
    return components_root(TREE_ROW, values)


def query_root(values: np.ndarray) -> bytes:
    return components_root(TREE_QUERY, values)


def float_bits(value: float) -> int:
    """IEEE 754 bits of a float32 as an unsigned integer."""
    bits: int = struct.unpack(">I", struct.pack(">f", value))[0]
    return bits


def log_head(previous: bytes, entry: bytes) -> bytes:
    """head(i) = keccak(head(i−1) ‖ keccak(entry i)); head(0) is 32 zero bytes."""
    return keccak256(previous + keccak256(entry))
