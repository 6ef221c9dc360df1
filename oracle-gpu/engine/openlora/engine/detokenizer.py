"""Text of a growing list of tokens, piece by piece, never half a character, never past a stop string."""

from __future__ import annotations

from typing import Any

REPLACEMENT = "\ufffd"  # what a decoder shows for bytes that are not yet a whole character


class Detokenizer:
    """Concatenated pieces equal the whole text; a piece may be empty while a character is incomplete."""

    def __init__(self, tokenizer: Any, stop: list[str]) -> None:
        self._tokenizer = tokenizer
        self._stop = [text for text in stop if text]
        self._tokens: list[int] = []
        self._start = 0  # first token of the window that is decoded together
        self._read = 0  # tokens whose text is already in `text`
        self.text = ""  # decoded so far, cut at a stop string
        self._sent = 0  # characters already handed out
        self.stopped = False

    def push(self, token: int) -> str:
        """Add one token; returns the text that may be shown now."""
        self._tokens.append(token)
        before = self._decode(self._start, self._read)
        after = self._decode(self._start, len(self._tokens))
        if len(after) > len(before) and not after.endswith(REPLACEMENT):
            self.text += after[len(before) :]
            self._start, self._read = self._read, len(self._tokens)
            self._cut_at_stop()
        return self._release(len(self.text) if self.stopped else self._safe_length())

    def finish(self) -> str:
        """The rest, when no more tokens come."""
        if not self.stopped:
            before = self._decode(self._start, self._read)
            self.text += self._decode(self._start, len(self._tokens))[len(before) :]
            self._read = self._start = len(self._tokens)
            self._cut_at_stop()
        return self._release(len(self.text))

    def _decode(self, start: int, end: int) -> str:
        text: str = self._tokenizer.decode(self._tokens[start:end], skip_special_tokens=True)
        return text

    def _cut_at_stop(self) -> None:
        ends = [at for at in (self.text.find(text) for text in self._stop) if at >= 0]
        if ends:
            self.text = self.text[: max(min(ends), self._sent)]
            self.stopped = True

    def _safe_length(self) -> int:
        """Length without a tail that could become a stop string."""
        held = 0
        for stop in self._stop:
            for size in range(min(len(stop) - 1, len(self.text)), held, -1):
                if self.text.endswith(stop[:size]):
                    held = size
                    break
        return len(self.text) - held

    def _release(self, length: int) -> str:
        piece = self.text[self._sent : length]
        self._sent = max(self._sent, length)
        return piece
