"""A prompt with passages, in the parts that the model reads apart from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openlora.errors import EngineError
from openlora.rag.spec import GivenPassage
from openlora.train.templates import Message, refuse_control_tokens

MOST_ROOM = 1_024  # positions that passages take at most
INSTRUCTION = "Answer the question from these passages.\n\n"


@dataclass(frozen=True)
class Layout:
    """Token ids of a prompt's parts, and the positions they stand at.

    Every passage ends where the question begins, at `len(prefix) + room`, whatever other passages there are
    and in whichever order: leaving one out changes nothing else.
    """

    prefix: list[int]
    passages: list[list[int]]
    question: list[int]
    room: int

    @property
    def tokens(self) -> list[int]:
        """Prefix, passages and question, one after another."""
        return [*self.prefix, *(token for passage in self.passages for token in passage), *self.question]

    @property
    def question_start(self) -> int:
        return len(self.prefix) + self.room

    @property
    def size(self) -> int:
        """How much of the context is taken, be it by positions or by tokens."""
        return max(self.question_start + len(self.question), len(self.tokens))


def passage_room(context_length: int) -> int:
    return min(MOST_ROOM, context_length // 4)


def lay_out(
    tokenizer: Any, messages: Sequence[Message], passages: Sequence[GivenPassage], context_length: int
) -> Layout:
    """Parts of the prompt; EngineError 400 where a passage or all together are too long."""
    given = [{"role": "user", "content": f"{passage.title}\n{passage.text}"} for passage in passages]
    refuse_control_tokens(tokenizer, [*messages, *given])
    room = passage_room(context_length)
    read = []
    for position, passage in enumerate(passages):
        tokens = _tokens(tokenizer, f"[{passage.title}]\n{passage.text}\n\n")
        if len(tokens) > room:
            message = f"Passage {position} has {len(tokens)} tokens and may have {room}: shorten it."
            raise EngineError(
                400, "passage_too_long", message, passage=position, tokens=len(tokens), limit=room
            )
        read.append(tokens)
    prefix, question = _around(tokenizer, messages)
    layout = Layout(_tokens(tokenizer, prefix), read, _tokens(tokenizer, question), room)
    if layout.size >= context_length:
        message = (
            f"Prompt and passages take {layout.size} tokens and the model reads {context_length}:"
            " give fewer or shorter passages."
        )
        raise EngineError(
            400,
            "context_length_exceeded",
            message,
            promptTokens=layout.size,
            contextLength=context_length,
        )
    return layout


def _around(tokenizer: Any, messages: Sequence[Message]) -> tuple[str, str]:
    """The rendered conversation before and after the place of the passages in the last message."""
    mark = "(passages)"
    while any(mark in message["content"] for message in messages):
        mark = f"({mark})"
    last = {**messages[-1], "content": f"{INSTRUCTION}{mark}Question: {messages[-1]['content']}"}
    plain = [*(dict(message) for message in messages[:-1]), last]
    text: str = tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
    before, _, after = text.partition(mark)
    return before, after


def _tokens(tokenizer: Any, text: str) -> list[int]:
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokens
