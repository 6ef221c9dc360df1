"""Bodies of requests, parsed at the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from openlora.rag.spec import MOST_PASSAGES, GivenPassage
from openlora.train.spec import Message, Strict

AdapterId = Annotated[str, Field(min_length=1, max_length=256)]
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
    messages: list[Message] = Field(min_length=1)


class AttributeBody(Strict):
    adapter: AdapterId
    promptTokenIds: Tokens
    tokenIds: Tokens
    top: int = Field(default=32, ge=1, le=32)


class ReplayBody(Strict):
    adapter: AdapterId | None = None
    messages: list[Message] | None = Field(default=None, min_length=1)
    promptTokenIds: Tokens | None = None
    tokenIds: Tokens
    temperature: float = Field(default=0.0, ge=0, le=2, strict=False)
    topP: float = Field(default=1.0, gt=0, le=1, strict=False)
    seed: int = Field(default=0, ge=0, le=2**53 - 1)
    stop: list[str] = Field(default_factory=list, max_length=16)

    @model_validator(mode="after")
    def _one_prompt(self) -> ReplayBody:
        if (self.messages is None) == (self.promptTokenIds is None):
            raise ValueError("give either messages or promptTokenIds")
        return self
