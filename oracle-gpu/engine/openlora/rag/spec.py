"""What retrieval is asked, parsed at the border."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from openlora import config
from openlora.errors import EngineError
from openlora.train.spec import Hash, Message, Strict

Key = Annotated[str, Field(pattern=config.KEY)]
MOST_PASSAGES = 8  # of a search, and of an answer


class Source(Strict):
    title: str
    path: str
    version: str
    licence: str


class SourceRecord(Strict):
    recordId: Hash
    cluster: Hash
    messages: list[Message] = Field(min_length=1)
    source: Source

    @property
    def plain(self) -> dict[str, Any]:
        return self.model_dump()


class IndexBody(Strict):
    records: list[SourceRecord] = Field(min_length=1, max_length=config.MAX_RECORDS)


class SearchBody(Strict):
    keys: list[Key] = Field(min_length=1, max_length=32)
    query: str = Field(max_length=65_536)
    top: int = Field(default=4, ge=1, le=MOST_PASSAGES)
    excluded: list[Hash] = Field(default_factory=list, max_length=config.MAX_RECORDS)
    licences: list[str] | None = Field(default=None, min_length=1, max_length=64)


class GivenPassage(Strict):
    """A passage that an answer is to be given from."""

    recordId: Hash
    cluster: Hash
    text: str = Field(min_length=1)
    title: str


class QuotedPassage(SourceRecord):
    """A piece of a record that an answer was given from, named by the SHA-256 of its text."""

    sha256: Hash


def bad_record(record_id: str, reason: str) -> EngineError:
    message = f"Record {record_id} cannot be retrieved: {reason}."
    return EngineError(400, "bad_record", message, recordId=record_id, reason=reason)
