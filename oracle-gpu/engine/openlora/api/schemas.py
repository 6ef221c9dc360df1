"""Bodies of requests, parsed at the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from openlora import config
from openlora.attribution.segments import MOST_SEGMENTS
from openlora.rag.spec import MOST_PASSAGES, GivenPassage, QuotedPassage
from openlora.train.spec import Hash, Message, Record, Strict

AdapterId = Annotated[str, Field(min_length=1, max_length=256)]
MAX_PREVIEW_RECORDS = 512  # a gradient each, of a tenth of a second and more on a CPU
MAX_PREVIEW_QUERIES = 2_048
Tokens = Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1)]


class GenerateBody(Strict):
    adapter: AdapterId | None = None
    messages: list[Message] = Field(min_length=1)
    maxTokens: int = Field(default=256, ge=1, le=65_536)
    temperature: float = Field(default=0.0, ge=0, le=2, strict=False)
    topP: float = Field(default=1.0, gt=0, le=1, strict=False)
    seed: int = Field(default=0, ge=0, le=2**53 - 1)
    stop: list[str] = Field(default_factory=list, max_length=16)
    passages: list[GivenPassage] | None = Field(default=None, min_length=1, max_length=MOST_PASSAGES)


class TokenizeBody(Strict):
    """`answer` or `tokenIds`: also how an answer to the messages reads as tokens."""

    messages: list[Message] = Field(min_length=1)
    answer: str | None = Field(default=None, min_length=1)
    tokenIds: Tokens | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> TokenizeBody:
        if self.answer is not None and self.tokenIds is not None:
            raise ValueError("give either answer or tokenIds")
        return self


class AttributeBody(Strict):
    """`segmentEnds`: where segments of the answer end, the last one at its end."""

    adapter: AdapterId
    promptTokenIds: Tokens
    tokenIds: Tokens
    top: int = Field(default=32, ge=1, le=32)
    excluded: list[Hash] = Field(default_factory=list, max_length=config.MAX_RECORDS)
    segmentEnds: list[int] | None = Field(default=None, min_length=1, max_length=MOST_SEGMENTS)

    @model_validator(mode="after")
    def _cover(self) -> AttributeBody:
        ends = self.segmentEnds
        if ends is not None and (ends != sorted(set(ends)) or ends[0] < 1 or ends[-1] != len(self.tokenIds)):
            raise ValueError("segmentEnds must rise and end with the number of tokenIds")
        return self


class PreviewBody(Strict):
    adapter: AdapterId
    records: list[Record] = Field(min_length=1, max_length=MAX_PREVIEW_RECORDS)
    queries: list[str] = Field(max_length=MAX_PREVIEW_QUERIES)


class ReplayBody(Strict):
    adapter: AdapterId | None = None
    messages: list[Message] | None = Field(default=None, min_length=1)
    promptTokenIds: Tokens | None = None
    tokenIds: Tokens
    temperature: float = Field(default=0.0, ge=0, le=2, strict=False)
    topP: float = Field(default=1.0, gt=0, le=1, strict=False)
    seed: int = Field(default=0, ge=0, le=2**53 - 1)
    stop: list[str] = Field(default_factory=list, max_length=16)
    passages: list[QuotedPassage] | None = Field(default=None, min_length=1, max_length=MOST_PASSAGES)

    @model_validator(mode="after")
    def _one_prompt(self) -> ReplayBody:
        if (self.messages is None) == (self.promptTokenIds is None):
            raise ValueError("give either messages or promptTokenIds")
        if self.passages is not None and self.messages is None:
            raise ValueError("passages need the messages that they were given with")
        return self
