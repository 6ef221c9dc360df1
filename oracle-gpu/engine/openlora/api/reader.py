"""What a base model reads: prompts as tokens, and which are refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from openlora.errors import EngineError
from openlora.models.base import BaseInfo
from openlora.train.spec import Message
from openlora.train.templates import encode_prompt


class Reader:
    """Needs the base's tokenizer and card, not its weights."""

    tokenizer: Any
    info: BaseInfo
    vocabulary_size: int  # of the model's logits

    def read(
        self, messages: Sequence[Message] | None, prompt: str | list[int] | None, whole: bool = False
    ) -> list[int]:
        """Tokens of a chat, or of a text as it stands; EngineError 400 when no context is left to answer in.

        `whole`: nothing is to be answered, so the context may be full.
        """
        if messages is not None:
            return self.encode([message.model_dump() for message in messages])
        tokens = self.tokenizer.encode(prompt) if isinstance(prompt, str) else prompt or []
        if not tokens:
            raise EngineError(400, "empty_prompt", "The prompt has no token: send some text.")
        self.require_tokens(tokens, [])
        if len(tokens) == self.info.context_length and not whole:
            raise self._too_long(len(tokens))
        return tokens

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        """Prompt tokens; EngineError 400 when no token of context is left to answer in."""
        if messages[-1]["role"] == "assistant":
            message = "The last message is the assistant's: end with the user's question."
            raise EngineError(400, "invalid_request", message)
        prompt = encode_prompt(self.tokenizer, messages)
        if len(prompt) >= self.info.context_length:
            raise self._too_long(len(prompt))
        return prompt

    def _too_long(self, tokens: int) -> EngineError:
        limit = self.info.context_length
        message = f"The prompt has {tokens} tokens and the model reads {limit}: shorten it."
        code = "context_length_exceeded"
        return EngineError(400, code, message, promptTokens=tokens, contextLength=limit)

    def require_tokens(self, prompt: Sequence[int], answer: Sequence[int]) -> None:
        """EngineError 400 unless the model can read prompt and answer together."""
        if len(prompt) + len(answer) > self.info.context_length:
            message = (
                f"{len(prompt) + len(answer)} tokens exceed the context of {self.info.context_length}:"
                " shorten them."
            )
            raise EngineError(
                400,
                "context_length_exceeded",
                message,
                promptTokens=len(prompt),
                contextLength=self.info.context_length,
            )
        self.require_vocabulary([*prompt, *answer])

    def require_vocabulary(self, tokens: Iterable[int]) -> None:
        """EngineError 400 for a token that the model does not have."""
        if max(tokens, default=0) >= self.vocabulary_size:
            message = f"A token id is not below {self.vocabulary_size}: send ids that this engine returned."
            raise EngineError(400, "invalid_request", message)
