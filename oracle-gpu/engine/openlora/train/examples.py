"""One record as it is trained on: its tokens, which of them have a loss, and the pieces they are read in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from openlora.errors import EngineError

Piece: TypeAlias = tuple[int, int]  # first token and the one after the last


class Marked(Protocol):
    """Tokens of one sequence and which of them are trained (have a loss)."""

    @property
    def tokens(self) -> Sequence[int]: ...

    @property
    def trained(self) -> Sequence[bool]: ...


@dataclass(frozen=True)
class Example:
    record_id: str
    cluster: str
    messages: Sequence[Mapping[str, str]]
    tokens: list[int]
    trained: list[bool]
    text: str
    spans: list[tuple[int, int]]
    pieces: tuple[Piece, ...] = ()  # parts of `tokens` that are read apart; empty: one, of all
    beta: float | None = None  # of a preference, whose term compares two pieces (losses.py)
    datanet: int | None = None
    dropped: int = 0  # tokens beyond maxLength, which are not read

    @property
    def responses(self) -> int:
        """Tokens whose loss counts; the first token of a piece can never be predicted."""
        return sum(sum(self.trained[start + 1 : end]) for start, end in pieces_of(self))

    @property
    def units(self) -> int:
        """What its term is a sum over: trained tokens, or the one comparison of a preference."""
        return self.responses if self.beta is None else 1

    def apart(self) -> list[Example]:
        """An example for each piece, their terms adding up to this one's; a preference stays whole."""
        if self.beta is not None or len(self.pieces) < 2:
            return [self]
        return [self._only(piece) for piece in self.pieces]

    def as_answers(self) -> list[Example]:
        """What a model that has learned it would say: of a preference the chosen answer, else its pieces."""
        return self.apart() if self.beta is None else [self._only(self.pieces[0])]

    def _only(self, piece: Piece) -> Example:
        at = slice(*piece)
        return replace(self, tokens=self.tokens[at], trained=self.trained[at], pieces=(), beta=None)


def pieces_of(example: Marked) -> Sequence[Piece]:
    whole = ((0, len(example.tokens)),)
    return example.pieces or whole if isinstance(example, Example) else whole


def bad_record(record_id: str, reason: str, **detail: str) -> EngineError:
    """`cause` in `detail`: a code for programs, where they can do something about it."""
    message = f"Record {record_id} cannot be trained on: {reason}."
    return EngineError(400, "bad_record", message, recordId=record_id, reason=reason, **detail)
