"""A suffix array over token sequences: on disk, memory-mapped, no match ever crosses from one to the next.

A folder: `tokens.bin`, all sequences one after another, big endian, each followed by a separator;
`suffixes.bin`, where every suffix begins, in the order of the suffixes, little endian int32 or int64;
`suffixes.json`. Tokens are big endian so that comparing bytes compares sequences.
"""

from __future__ import annotations

import json
import mmap
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydivsufsort import divsufsort

from openlora.verify import hashing

TOKENS = "tokens.bin"
SUFFIXES = "suffixes.bin"
HEAD = "suffixes.json"
MOST_BYTES = 2**31 - 1  # beyond, suffixes are sorted and kept as 64-bit numbers


class DamagedSuffixes(Exception):
    """The files are not what was built; the message says which."""


def build_suffixes(folder: Path, sequences: Iterable[Sequence[int]], vocabulary: int) -> None:
    """Write the folder: memory 10 bytes, disk 6 bytes for each token of a vocabulary below 65,535.

    Tokens are below `vocabulary`. The head is written last: a build cut short leaves nothing to open.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HEAD).unlink(missing_ok=True)
    width = 2 if vocabulary < 2**16 else 4
    kind = np.dtype(f">u{width}")
    separator = np.array([2 ** (8 * width) - 1], kind).tobytes()
    starts = [0]
    with (folder / TOKENS).open("wb") as file:
        for sequence in sequences:
            file.write(np.asarray(sequence, dtype=kind).tobytes() + separator)
            starts.append(starts[-1] + len(sequence) + 1)
    _sort(folder, width)
    head: dict[str, Any] = {
        "width": width,
        "starts": starts,
        "tokensSha256": hashing.to_hex(hashing.sha256_file(folder / TOKENS)),
        "suffixesSha256": hashing.to_hex(hashing.sha256_file(folder / SUFFIXES)),
    }
    partial = folder / f"{HEAD}.partial"
    partial.write_text(json.dumps(head), encoding="utf-8")
    os.replace(partial, folder / HEAD)


def repair_suffixes(folder: Path) -> None:
    """Sort again where the tokens are still sound; DamagedSuffixes where they are not."""
    head = _read_head(folder)
    _require(folder / TOKENS, head["tokensSha256"])
    _sort(folder, head["width"])


def _require(file: Path, digest: str) -> None:
    if not file.exists() or hashing.to_hex(hashing.sha256_file(file)) != digest:
        raise DamagedSuffixes(f"{file.name} is not the one that was built")


def _read_head(folder: Path) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        return head
    except (OSError, ValueError) as error:
        raise DamagedSuffixes(f"{error}") from error


def _sort(folder: Path, width: int) -> None:
    tokens = np.fromfile(folder / TOKENS, f">u{width}").astype(f"u{width}")
    divsufsort(tokens, force64=tokens.nbytes > MOST_BYTES).tofile(folder / SUFFIXES)


@dataclass(frozen=True)
class Occurrences:
    """Where a sequence of tokens stands: rows `first` up to `last` (excluded) of the sorted suffixes."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


class SuffixArray:
    """The folder opened for queries; both files are checked against their digests once."""

    def __init__(self, folder: Path) -> None:
        """DamagedSuffixes where a file is missing or other than built."""
        head = _read_head(folder)
        for name, digest in ((TOKENS, head["tokensSha256"]), (SUFFIXES, head["suffixesSha256"])):
            _require(folder / name, digest)
        self._width: int = head["width"]
        self.starts = np.array(head["starts"], np.int64)  # of each sequence, then the end of all
        with (folder / TOKENS).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._tokens = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        count = int(self.starts[-1])
        kind = np.int64 if size > MOST_BYTES else np.int32
        path = folder / SUFFIXES
        self._suffixes = np.memmap(path, kind, "r", shape=(count,)) if count else np.zeros(0, kind)

    @property
    def size(self) -> int:
        """Tokens of all sequences, separators not counted."""
        return int(self.starts[-1]) - (len(self.starts) - 1)

    def counts(self, vocabulary: int) -> np.ndarray:
        """How often each token occurs: int64 [vocabulary]."""
        tokens = np.frombuffer(self._tokens, np.dtype(f">u{self._width}"))
        found = np.zeros(vocabulary, np.int64)
        for start in range(0, len(tokens), 1 << 22):
            part = tokens[start : start + (1 << 22)].astype(np.int64)
            found += np.bincount(part[part < vocabulary], minlength=vocabulary)
        return found

    @property
    def width(self) -> int:
        """Bytes of an encoded token."""
        return self._width

    def encode(self, tokens: Sequence[int]) -> bytes:
        """Tokens, each of the vocabulary, as they stand in the file."""
        return np.asarray(tokens, dtype=f">u{self._width}").tobytes()

    def longest(self, wanted: bytes) -> int:
        """How many tokens of `wanted` (encoded), from its start, stand together in some sequence."""
        at = bisect_left(self._suffixes, wanted, key=self._suffix(len(wanted)))
        return max(
            (self._shared(wanted, row) for row in (at - 1, at) if 0 <= row < len(self._suffixes)), default=0
        )

    def occurrences(self, wanted: bytes) -> Occurrences:
        """Every place where `wanted` (encoded) stands."""
        key = self._suffix(len(wanted))
        first = bisect_left(self._suffixes, wanted, key=key)
        return Occurrences(first, bisect_right(self._suffixes, wanted, lo=first, key=key))

    def places(self, found: Occurrences) -> tuple[np.ndarray, np.ndarray]:
        """Sequence and offset in it of each occurrence, in order of both: two int64 [occurrences]."""
        at = np.sort(self._suffixes[found.first : found.last].astype(np.int64))
        sequences = np.searchsorted(self.starts, at, side="right") - 1
        return sequences, at - self.starts[sequences]

    def _suffix(self, length: int) -> Callable[[np.integer], bytes]:
        """The first `length` bytes of the suffix that begins at a token."""
        width, tokens = self._width, self._tokens
        return lambda at: tokens[int(at) * width : int(at) * width + length]

    def _shared(self, wanted: bytes, row: int) -> int:
        other = self._suffix(len(wanted))(self._suffixes[row])
        most = len(other) // self._width
        low, high = 0, most
        while low < high:  # the longest common prefix, by halves: comparing bytes at once is what is fast
            middle = (low + high + 1) // 2
            if wanted[: middle * self._width] == other[: middle * self._width]:
                low = middle
            else:
                high = middle - 1
        return low
