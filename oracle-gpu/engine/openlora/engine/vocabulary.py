"""The tokens of a base as bytes, and grammars over them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer

from openlora.engine.guide import Guide
from openlora.errors import EngineError

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

# Written in one way only: with blanks left free, a weak model can fill an answer with them.
COMPACT: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Vocabulary:
    """Reads the tokenizer when first asked (up to a second); safe from any thread."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        self._tokenizer = tokenizer
        self._size = size  # of the model's logits, which may be padded
        self._control = frozenset(tokenizer.all_special_ids)
        self._found: LLTokenizer | None = None
        self._lock = threading.Lock()

    def _tokens(self) -> LLTokenizer:
        with self._lock:
            if self._found is None:
                try:
                    self._found = from_tokenizer(self._tokenizer, n_vocab=self._size)
                except ValueError as error:
                    message = (
                        "The base model's tokenizer gives no bytes: ask without format, tools and logprobs."
                    )
                    raise EngineError(400, "tokenizer_unsupported", message) from error
            return self._found

    def spell(self, token: int) -> tuple[str, bytes | None]:
        """A token as text and as the bytes that it adds to an answer; a control token has a name only."""
        found: bytes = self._tokens().decode_bytes([token])
        return found.decode(errors="replace"), None if token in self._control else found

    def guide_json(self, schema: dict[str, Any]) -> Guide:
        """Makes an answer a JSON value of this schema; EngineError 400 names what cannot be followed."""
        return self._guide(LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=COMPACT))

    def guide_lark(self, grammar: str) -> Guide:
        """Makes an answer follow a grammar in llguidance's Lark."""
        return self._guide(LLMatcher.grammar_from_lark(grammar))

    def _guide(self, grammar: str) -> Guide:
        matcher = LLMatcher(self._tokens(), grammar, log_level=0)
        if matcher.is_error():
            reason = matcher.get_error().splitlines()[0].rstrip(".")
            message = f"The prescribed form cannot be followed: {reason}."
            raise EngineError(400, "unsupported_format", message, reason=reason)
        return Guide(matcher)
