"""Bodies of requests, parsed at the border."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, field_validator, model_validator

from openlora import config
from openlora.adapters.cache import Choice
from openlora.api.format import FormatBody
from openlora.attribution.segments import MOST_SEGMENTS
from openlora.engine.logprobs import MOST
from openlora.engine.sampling import Sampling
from openlora.rag.spec import MOST_PASSAGES, GivenPassage, QuotedPassage
from openlora.train.spec import Hash, Message, Record, Strict

AdapterId = Annotated[str, Field(min_length=1, max_length=256)]
MOST_ADAPTERS = 8  # added up for one answer
MOST_BPS = 100_000  # of one adapter in a sum: ten times what it is alone
MAX_PREVIEW_RECORDS = 512  # a gradient each, of a tenth of a second and more on a CPU
MAX_PREVIEW_QUERIES = 2_048
Tokens = Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1)]
Body = TypeVar("Body", bound=BaseModel)


def _one_of(body: Body, *names: str) -> Body:
    """ValueError unless exactly one of these fields is given."""
    if sum(getattr(body, name) is not None for name in names) != 1:
        raise ValueError(f"give either {' or '.join(names)}")
    return body


class SamplingBody(Strict):
    """How tokens are chosen (docs/interfaces.md): the same words in an answer, its replay and its receipt."""

    temperature: float = Field(default=0.0, ge=0, le=2, strict=False)
    topP: float = Field(default=1.0, gt=0, le=1, strict=False)
    seed: int = Field(default=0, ge=0, le=2**53 - 1)
    topK: int = Field(default=0, ge=0, le=2**31 - 1)
    minP: float = Field(default=0.0, ge=0, le=1, strict=False)
    presencePenalty: float = Field(default=0.0, ge=-2, le=2, strict=False)
    frequencyPenalty: float = Field(default=0.0, ge=-2, le=2, strict=False)
    repetitionPenalty: float = Field(default=1.0, ge=0.1, le=10, strict=False)
    logitBias: dict[str, Annotated[float, Field(ge=-100, le=100, strict=False)]] = Field(
        default_factory=dict, max_length=1024
    )
    stop: list[str] = Field(default_factory=list, max_length=16)
    format: FormatBody | None = None

    @field_validator("logitBias")
    @classmethod
    def _name_tokens(cls, bias: dict[str, float]) -> dict[str, float]:
        if not all(re.fullmatch(r"0|[1-9][0-9]{0,9}", token) for token in bias):
            raise ValueError('name tokens by their ids, like {"42": -100}')
        return bias

    @property
    def sampling(self) -> Sampling:
        return Sampling(
            temperature=self.temperature,
            top_p=self.topP,
            seed=self.seed,
            logit_bias={int(token): bias for token, bias in self.logitBias.items()},
            repetition_penalty=self.repetitionPenalty,
            frequency_penalty=self.frequencyPenalty,
            presence_penalty=self.presencePenalty,
            top_k=self.topK,
            min_p=self.minP,
        )


class WeightedAdapter(Strict):
    id: AdapterId
    weightBps: int = Field(ge=-MOST_BPS, le=MOST_BPS)


class GenerateBody(SamplingBody):
    """`messages` for a chat's next answer, or `prompt` (text or tokens) for what follows it.

    `adapters`, instead of `adapter`: several, whose changes of the base are added with weights.
    """

    adapter: AdapterId | None = None
    adapters: list[WeightedAdapter] | None = Field(default=None, min_length=1, max_length=MOST_ADAPTERS)
    messages: list[Message] | None = Field(default=None, min_length=1)
    prompt: str | Tokens | None = None
    maxTokens: int = Field(default=256, ge=1, le=65_536)
    logprobs: int | None = Field(default=None, ge=0, le=MOST)
    passages: list[GivenPassage] | None = Field(default=None, min_length=1, max_length=MOST_PASSAGES)

    @model_validator(mode="after")
    def _one_prompt(self) -> GenerateBody:
        if self.passages is not None and self.messages is None:
            raise ValueError("passages need messages to be given with")
        if self.adapters is not None and self.adapter is not None:
            raise ValueError("give either adapter or adapters")
        if self.adapters is not None and len({part.id for part in self.adapters}) < len(self.adapters):
            raise ValueError("name each adapter once")
        return _one_of(self, "messages", "prompt")

    @property
    def choice(self) -> Choice | None:
        """What the engine is asked for; None for the base itself."""
        if self.adapters is not None:
            return Choice(tuple((part.id, part.weightBps) for part in self.adapters))
        return None if self.adapter is None else Choice.one(self.adapter)


class ScoreBody(Strict):
    """How likely a prompt's own tokens are, with so many alternatives each."""

    adapter: AdapterId | None = None
    prompt: str | Tokens
    logprobs: int = Field(default=0, ge=0, le=MOST)


class TokenizeBody(Strict):
    """`answer` or `tokenIds`: also how an answer to the messages, or to the prompt, reads as tokens."""

    messages: list[Message] | None = Field(default=None, min_length=1)
    prompt: str | Tokens | None = None
    answer: str | None = Field(default=None, min_length=1)
    tokenIds: Tokens | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> TokenizeBody:
        if self.answer is not None and self.tokenIds is not None:
            raise ValueError("give either answer or tokenIds")
        return _one_of(self, "messages", "prompt")


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


class ReplayBody(SamplingBody):
    """A finished answer with the settings of its call; `promptTokenIds` as `done` gave them."""

    adapter: AdapterId | None = None
    messages: list[Message] | None = Field(default=None, min_length=1)
    prompt: str | Tokens | None = None
    promptTokenIds: Tokens | None = None
    tokenIds: Tokens
    passages: list[QuotedPassage] | None = Field(default=None, min_length=1, max_length=MOST_PASSAGES)

    @model_validator(mode="after")
    def _one_prompt(self) -> ReplayBody:
        if self.passages is not None and self.messages is None:
            raise ValueError("passages need the messages that they were given with")
        return _one_of(self, "messages", "prompt", "promptTokenIds")
