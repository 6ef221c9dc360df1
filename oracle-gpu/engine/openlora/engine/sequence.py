"""One request being answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from transformers import DynamicCache

from openlora.engine.chooser import Chooser
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.grounding import Grounding
from openlora.engine.guide import Guide
from openlora.engine.logprobs import Logprobs
from openlora.engine.sampling import Sampling
from openlora.ops.lora import LoraWeights

Emit = Callable[[str, dict[str, Any]], None]


@dataclass
class Sequence:
    prompt: list[int]
    max_tokens: int
    sampling: Sampling
    weights: LoraWeights | None
    detokenizer: Detokenizer
    emit: Emit
    tokens: list[int] = field(default_factory=list)  # sampled so far
    cache: DynamicCache | None = None
    prefilled: int = 0  # prompt tokens already in the cache
    grounding: Grounding | None = None  # of an answer from passages; `prompt` is then its layout's tokens
    preparing: Iterator[None] | None = None  # reads the passages, a step at a time
    # Makes of the finished answer and its text what its passages did, None until the last step.
    measure: Callable[[list[int], str], Iterator[dict[str, Any] | None]] | None = None
    measuring: Iterator[dict[str, Any] | None] | None = None
    done: dict[str, Any] = field(default_factory=dict)  # the last event, once all tokens are there
    cancelled: threading.Event = field(default_factory=threading.Event)
    guide: Guide | None = None  # where the answer's form is prescribed
    logprobs: Logprobs | None = None  # where they are asked for

    def __post_init__(self) -> None:
        self.chooser = Chooser(self.sampling, self.prompt, self.guide)

    def cancel(self) -> None:
        """Stop at the next token; safe from any thread."""
        self.cancelled.set()
