"""An answer's sentences, and which of its tokens make each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from openlora.engine.detokenizer import Detokenizer

# A sentence ends at its mark before white space or the end, at a mark of Chinese, or at a line's end.
_END = re.compile(r"[.!?]+[\"')\]`*]*(?=\s|$)|[。！？]+[」』）”]*|\n+")


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end (characters) of each sentence, without the white space around it."""
    bounds = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    found = []
    for start, end in pairwise(bounds):
        piece = text[start:end]
        if piece.strip():
            left = len(piece) - len(piece.lstrip())
            found.append((start + left, start + len(piece.rstrip())))
    return found


def tokens_of_sentences(
    tokenizer: Any, tokens: Sequence[int], text: str, spans: Sequence[tuple[int, int]]
) -> list[list[int]]:
    """For each sentence the places of its tokens; a token belongs where its last character stands.

    Tokens that make no character of `text` (the end token, what a stop string cut off) belong to none.
    """
    ends = [end for _, end in spans]
    found: list[list[int]] = [[] for _ in spans]
    detokenizer = Detokenizer(tokenizer, [])
    for place, token in enumerate(tokens):
        before = len(detokenizer.text)
        detokenizer.push(token)
        last = max(before, len(detokenizer.text) - 1)
        sentence = bisect_right(ends, last)
        if before < len(text) and sentence < len(spans) and token not in tokenizer.all_special_ids:
            found[sentence].append(place)
    return found


def utf16(text: str, at: int) -> int:
    """The same place counted in UTF-16 code units, as JavaScript does."""
    return len(text[:at].encode("utf-16-le")) // 2
