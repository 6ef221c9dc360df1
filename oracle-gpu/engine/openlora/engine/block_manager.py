"""Which blocks of the paged cache belong to whom, and which prefixes can be read from it again."""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict, deque
from collections.abc import Sequence as Tokens

from openlora.engine.sequence import Sequence


class BlockManager:
    """Blocks are shared by reference count; those that nobody uses any more stay readable until needed.

    A full block's name is a digest of the adapter and of all tokens up to its end, so that an adapter never
    reads what another one computed. `shares`: whether prefixes may be shared at all.
    """

    def __init__(self, blocks: int, block_size: int, shares: bool = True) -> None:
        self.blocks = blocks
        self.block_size = block_size
        self._shares = shares
        self._users = [0] * blocks
        self._names: list[bytes | None] = [None] * blocks
        self._named: dict[bytes, int] = {}
        self._empty = deque(range(blocks))
        self._taken: list[int] = []
        self._idle: OrderedDict[int, None] = OrderedDict()  # named, unused; the oldest first

    @property
    def free(self) -> int:
        """Blocks that can be had now."""
        return len(self._empty) + len(self._idle)

    def needed(self, tokens: int) -> int:
        return -(-tokens // self.block_size)

    def begin(self, sequence: Sequence) -> None:
        """Give a sequence that has no blocks those that hold its beginning; one token is left to compute."""
        if not self._shares or sequence.grounding is not None:
            return
        tokens = sequence.all_tokens
        name = _root(sequence)
        for end in range(self.block_size, len(tokens), self.block_size):
            name = _name(name, tokens[end - self.block_size : end])
            block = self._named.get(name)
            if block is None:
                return
            if self._users[block] == 0:
                del self._idle[block]
            self._users[block] += 1
            sequence.blocks.append(block)
            sequence.names.append(name)
            sequence.computed = sequence.shared = end

    def extend(self, sequence: Sequence, tokens: int) -> bool:
        """Make room for so many tokens in all; False, and nothing is changed, if there is none."""
        missing = self.needed(tokens) - len(sequence.blocks)
        if missing > self.free:
            return False
        for _ in range(missing):
            block = self._take()
            self._taken.append(block)
            self._users[block] = 1
            sequence.blocks.append(block)
        return True

    def taken(self) -> list[int]:
        """Blocks that changed hands since this was last asked."""
        found, self._taken = self._taken, []
        return found

    def name_full(self, sequence: Sequence) -> None:
        """Let others read the blocks that a sequence has filled."""
        if not self._shares or sequence.grounding is not None:
            return
        while (len(sequence.names) + 1) * self.block_size <= sequence.computed:
            start = len(sequence.names) * self.block_size
            before = sequence.names[-1] if sequence.names else _root(sequence)
            tokens = sequence.all_tokens[start : start + self.block_size]
            name = _name(before, tokens)
            block = sequence.blocks[len(sequence.names)]
            sequence.names.append(name)
            if name not in self._named:  # else another has computed the same meanwhile
                self._named[name], self._names[block] = block, name

    def release(self, sequence: Sequence) -> None:
        """Take all blocks back; the last ones are the first to be overwritten."""
        for block in reversed(sequence.blocks):
            self._users[block] -= 1
            if self._users[block] == 0:
                if self._names[block] is None:
                    self._empty.append(block)
                else:
                    self._idle[block] = None
        sequence.blocks, sequence.names = [], []
        sequence.computed = 0

    def _take(self) -> int:
        if self._empty:
            return self._empty.popleft()
        block, _ = self._idle.popitem(last=False)
        name = self._names[block]
        assert name is not None
        del self._named[name]
        self._names[block] = None
        return block


def _root(sequence: Sequence) -> bytes:
    adapter = "" if sequence.adapter is None else sequence.adapter.key
    return hashlib.sha256(adapter.encode()).digest()


def _name(before: bytes, tokens: Tokens[int]) -> bytes:
    return hashlib.sha256(before + struct.pack(f"<{len(tokens)}I", *tokens)).digest()
