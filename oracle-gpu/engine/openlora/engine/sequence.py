"""One request being answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from transformers import DynamicCache

from openlora.adapters.cache import Choice
from openlora.engine.chooser import Chooser
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.grounding import Grounding
from openlora.engine.guide import Guide
from openlora.engine.logprobs import Logprobs
from openlora.engine.sampling import Sampling

Emit = Callable[[str, dict[str, Any]], None]


@dataclass(eq=False)
class Sequence:
    prompt: list[int]
    max_tokens: int
    sampling: Sampling
    adapter: Choice | None
    detokenizer: Detokenizer
    emit: Emit
    tokens: list[int] = field(default_factory=list)  # sampled so far
    computed: int = 0  # tokens, of prompt and answer, whose keys and values are in the cache
    shared: int = 0  # of those, how many were found there
    blocks: list[int] = field(default_factory=list)  # of the paged cache, in order
    names: list[bytes] = field(default_factory=list)  # of the full ones (block_manager.py)
    cache: DynamicCache | None = None  # instead of blocks, where the model cannot read a packed batch
    grounding: Grounding | None = None  # of an answer from passages; `prompt` is then its layout's tokens
    preparing: Iterator[None] | None = None  # reads the passages, a step at a time
    # Makes of the finished answer and its text what its passages did, None until the last step.
    measure: Callable[[list[int], str], Iterator[dict[str, Any] | None]] | None = None
    measuring: Iterator[dict[str, Any] | None] | None = None
    done: dict[str, Any] = field(default_factory=dict)  # the last event, once all tokens are there
    cancelled: threading.Event = field(default_factory=threading.Event)
    on_cancel: Callable[[], None] = lambda: None
    preemptions: int = 0
    arrived: float = field(default_factory=time.monotonic)
    guide: Guide | None = None  # where the answer's form is prescribed
    logprobs: Logprobs | None = None  # where they are asked for

    def __post_init__(self) -> None:
        self.chooser = Chooser(self.sampling, self.prompt, self.guide)

    @property
    def tenant(self) -> str:
        """Whom the engine is fair to: those who ask the same adapters."""
        return "" if self.adapter is None else self.adapter.key

    @property
    def all_tokens(self) -> list[int]:
        return self.prompt + self.tokens

    @property
    def size(self) -> int:
        return len(self.prompt) + len(self.tokens)

    @property
    def given(self) -> int:
        """Tokens whose keys and values come from the reading of passages."""
        return 0 if self.grounding is None else len(self.prompt) - len(self.grounding.layout.question)

    @property
    def start(self) -> int:
        """The next token to compute."""
        return max(self.computed, self.given)

    def position(self, place: int) -> int:
        """Where the model is told that a token stands."""
        if self.grounding is None:
            return place
        return self.grounding.layout.question_start + place - self.given

    def cancel(self) -> None:
        """Stop at the next token; safe from any thread."""
        self.cancelled.set()
        self.on_cancel()
