"""Chat messages to tokens, with the spans a model is trained on.

The text is cut where training begins and ends and each piece is tokenised alone, so that the tokens of
a prompt are the same whether an answer follows (training, attribution) or is yet to come (serving).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openlora.errors import EngineError

Message = Mapping[str, str]


@dataclass(frozen=True)
class Rendered:
    tokens: list[int]
    trained: list[bool]  # per token: whether its loss counts
    text: str
    spans: list[tuple[int, int]]  # trained characters of `text`


@dataclass(frozen=True)
class _Piece:
    text: str
    trained: bool


def encode_prompt(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids up to where the assistant's next answer begins."""
    refuse_control_tokens(tokenizer, messages)
    pieces = _pieces(tokenizer, messages)
    done = "".join(piece.text for piece in pieces)
    full = _render(tokenizer, messages, prompt=True)
    return _tokens(tokenizer, [*pieces, _Piece(_after(done, full), False)])


def render_record(tokenizer: Any, messages: Sequence[Message]) -> Rendered:
    """A training example: every assistant message and its end token count, nothing else."""
    refuse_control_tokens(tokenizer, messages)
    pieces = _pieces(tokenizer, messages)
    tokens: list[int] = []
    trained: list[bool] = []
    spans: list[tuple[int, int]] = []
    position = 0
    for piece in pieces:
        ids = _tokens(tokenizer, [piece])
        tokens += ids
        trained += [piece.trained] * len(ids)
        if piece.trained:
            spans.append((position, position + len(piece.text)))
        position += len(piece.text)
    return Rendered(tokens, trained, "".join(piece.text for piece in pieces), spans)


def refuse_control_tokens(tokenizer: Any, messages: Sequence[Message]) -> None:
    """A message must not be able to end its own turn or open another one."""
    for message in messages:
        for token in tokenizer.all_special_tokens:
            if token in message["content"]:
                raise EngineError(
                    400, "control_token", f"A message contains the control token {token}: remove it."
                )


def _pieces(tokenizer: Any, messages: Sequence[Message]) -> list[_Piece]:
    """The rendered conversation up to the end of the last assistant message, cut at trained spans."""
    pieces: list[_Piece] = []
    done = ""
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt = _render(tokenizer, messages[:index], prompt=True)
        whole = _render(tokenizer, messages[: index + 1], prompt=False)
        answer = _after(prompt, whole)
        end = answer.rfind(tokenizer.eos_token)
        if end < 0:
            raise EngineError(
                400,
                "template_without_end",
                "The base model's chat template does not end an answer: choose another base.",
            )
        answer = answer[: end + len(tokenizer.eos_token)]
        pieces += [_Piece(_after(done, prompt), False), _Piece(answer, True)]
        done = prompt + answer
    return pieces


def _render(tokenizer: Any, messages: Sequence[Message], prompt: bool) -> str:
    plain = [dict(message) for message in messages]
    text: str = tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=prompt)
    return text


def _after(prefix: str, text: str) -> str:
    if not text.startswith(prefix):
        raise EngineError(
            400,
            "template_not_stable",
            "The base model's chat template rewrites earlier turns: use records of a single turn.",
        )
    return text[len(prefix) :]


def _tokens(tokenizer: Any, pieces: Sequence[_Piece]) -> list[int]:
    return [
        token
        for piece in pieces
        if piece.text
        for token in tokenizer(piece.text, add_special_tokens=False)["input_ids"]
    ]
