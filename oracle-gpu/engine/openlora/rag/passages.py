"""Records cut into passages: what is found, read by the model and cited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openlora.errors import EngineError
from openlora.rag.spec import GivenPassage, QuotedPassage, SourceRecord
from openlora.verify import hashing

MAX_CHARS = 1_200  # about what the embedding model reads (256 tokens)
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?。！？])\s*"), re.compile(r"\s+"))
_WORD = re.compile(r"\w+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


@dataclass(frozen=True)
class Passage:
    record_id: str
    cluster: str
    licence: str
    title: str
    text: str


def cut(record: SourceRecord) -> list[Passage]:
    """The passages of a record, in its order; what a system message says is no part of them."""
    text = record_text([message.model_dump() for message in record.messages])
    return [
        Passage(record.recordId, record.cluster, record.source.licence, record.source.title, piece)
        for piece in pieces(text)
    ]


def find_piece(quoted: QuotedPassage) -> GivenPassage:
    """The piece of the record that has this digest; EngineError 400 where none has."""
    for passage in cut(quoted):
        if hashing.to_hex(hashing.sha256(passage.text.encode())) == quoted.sha256:
            return GivenPassage(
                recordId=passage.record_id, cluster=passage.cluster, text=passage.text, title=passage.title
            )
    message = (
        f"No piece of record {quoted.recordId} is the one that was quoted: give the record as it was then."
    )
    raise EngineError(400, "passage_not_found", message, recordId=quoted.recordId)


def record_text(messages: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(
        message["content"].strip() for message in messages if message["role"] != "system"
    ).strip()


def pieces(text: str) -> list[str]:
    """Pieces of at most MAX_CHARS, cut where a paragraph ends, else a sentence, a word, or anywhere."""
    text = text.strip()
    found: list[str] = []
    while len(text) > MAX_CHARS:
        at = next((place for rule in _BREAKS if (place := _last(rule, text)) > MAX_CHARS // 2), MAX_CHARS)
        found.append(text[:at].strip())
        text = text[at:].strip()
    return [*found, text] if text else found


def _last(rule: re.Pattern[str], text: str) -> int:
    """Where the last break within the first MAX_CHARS ends; 0 where there is none."""
    return max((match.end() for match in rule.finditer(text, 0, MAX_CHARS)), default=0)


def words(text: str) -> str:
    """The text for the lexical index: names like `transferFrom` also by their parts."""
    parts = [" ".join(_HUMP.split(word)) for word in _WORD.findall(text) if _HUMP.search(word)]
    return " ".join([text, *parts])


def match_any(query: str) -> str:
    """An FTS5 expression that matches any word of the query; empty where it has none."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(words(query)))
    return " OR ".join(f'"{word}"' for word in found)
