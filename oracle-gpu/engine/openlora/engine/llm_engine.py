"""The thread that owns the model: decodes requests in turn and runs attribution between their steps."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import torch
from torch import Tensor
from transformers import DynamicCache

from openlora.engine.accept import accept
from openlora.engine.grounding import cache_with
from openlora.engine.sequence import Sequence
from openlora.errors import EngineError
from openlora.models.base import BaseModel

log = logging.getLogger(__name__)
PREFILL_CHUNK = 512  # prompt tokens per turn, so that a long prompt does not stall the others
T = TypeVar("T")
_READ = object()  # that a prompt's passages are all read


class LLMEngine:
    """Requests are decoded round robin, one token each, every one with its own cache and adapter."""

    def __init__(
        self, base: BaseModel, end_token: int, threads: int, max_active: int, max_waiting: int
    ) -> None:
        self._base = base
        self._end_token = end_token
        self._threads = threads
        self._max_active = max_active
        self._max_waiting = max_waiting
        self._waiting: deque[Sequence] = deque()
        self._active: list[Sequence] = []
        self._tasks: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._work = threading.Condition()
        self._closed = False
        self._generated = 0  # tokens since the start
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def submit(self, sequence: Sequence) -> None:
        """Queue a request; its `emit` then receives token, done and error events."""
        with self._work:
            if len(self._waiting) >= self._max_waiting:
                raise EngineError(503, "engine_busy", "Too many requests are waiting: try again shortly.")
            self._waiting.append(sequence)
            self._work.notify()

    def run(self, task: Callable[[], T]) -> Future[T]:
        """Run `task` on the engine's thread, between two decoding steps."""
        future: Future[T] = Future()
        with self._work:
            self._tasks.append((task, future))
            self._work.notify()
        return future

    def load(self) -> dict[str, int]:
        """How busy the engine is."""
        active, waiting = len(self._active), len(self._waiting)
        return {"active": active, "waiting": waiting, "generatedTokens": self._generated}

    def close(self) -> None:
        with self._work:
            self._closed = True
            self._work.notify()
        self._thread.join(timeout=30)

    def _loop(self) -> None:
        torch.set_num_threads(self._threads)  # a setting of the calling thread
        while True:
            with self._work:
                self._work.wait_for(lambda: self._closed or self._tasks or self._waiting or self._active)
                if self._closed:
                    return
                task = self._tasks.popleft() if self._tasks else None
                while self._waiting and len(self._active) < self._max_active:
                    self._active.append(self._waiting.popleft())
            if task is not None:
                self._run_task(*task)
            self._active = [sequence for sequence in self._active if self._step(sequence)]

    @staticmethod
    def _run_task(task: Callable[[], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(task())
        except BaseException as error:  # the waiting request gets it; the thread lives on
            future.set_exception(error)

    def _step(self, sequence: Sequence) -> bool:
        """Advance one request by one token or prefill chunk; False when it is finished."""
        if sequence.cancelled.is_set():
            return False
        try:
            with torch.no_grad(), self._base.switch.use(sequence.weights):
                if sequence.measuring is not None:
                    return self._measure(sequence, sequence.measuring)
                logits = self._forward(sequence)
            if logits is None:
                return True
            return self._accept(sequence, logits)
        except EngineError as refusal:
            sequence.emit("error", refusal.body())
            return False
        except Exception:
            log.exception("a request failed")
            failure = EngineError(500, "generation_failed", "The engine failed on this request: try again.")
            sequence.emit("error", failure.body())
            return False

    def _forward(self, sequence: Sequence) -> Tensor | None:
        """Logits [vocabulary] of the next token, or None while the prompt is not wholly read."""
        model = self._base.model
        if sequence.preparing is not None:
            if next(sequence.preparing, _READ) is _READ:
                self._begin_question(sequence)
            return None
        if sequence.cache is None:
            sequence.cache = DynamicCache(config=model.config)
        if sequence.prefilled < len(sequence.prompt):
            chunk = sequence.prompt[sequence.prefilled : sequence.prefilled + PREFILL_CHUNK]
            sequence.prefilled += len(chunk)
        else:
            chunk = sequence.tokens[-1:]
        ids = torch.tensor([chunk], device=self._base.device)  # [1, tokens]
        placed = self._positions(sequence, len(chunk))
        hidden = model.model(
            input_ids=ids, past_key_values=sequence.cache, use_cache=True, **placed
        ).last_hidden_state
        if sequence.prefilled < len(sequence.prompt):
            return None
        logits: Tensor = model.lm_head(hidden[0, -1])
        return logits

    def _begin_question(self, sequence: Sequence) -> None:
        """All passages are read: go on with the question after them."""
        assert sequence.grounding is not None
        layout = sequence.grounding.layout
        sequence.cache = cache_with(self._base, sequence.grounding, range(len(layout.passages)))
        sequence.prefilled = len(sequence.prompt) - len(layout.question)
        sequence.preparing = None

    def _positions(self, sequence: Sequence, count: int) -> dict[str, Tensor]:
        """Where the next tokens stand, if not simply after those in the cache."""
        if sequence.grounding is None:
            return {}
        layout = sequence.grounding.layout
        known = sequence.cache.get_seq_length() if sequence.cache is not None else 0
        start = layout.question_start + known - (len(sequence.prompt) - len(layout.question))
        return {"position_ids": torch.arange(start, start + count, device=self._base.device).unsqueeze(0)}

    @staticmethod
    def _measure(sequence: Sequence, measuring: Iterator[dict[str, Any] | None]) -> bool:
        """One more pass over a finished answer; its last event goes out with what the passages did."""
        found = next(measuring)
        if found is None:
            return True
        sequence.emit("done", {**sequence.done, "passages": found})
        return False

    def _accept(self, sequence: Sequence, logits: Tensor) -> bool:
        done = accept(sequence, logits, self._end_token)
        self._generated += 1
        if done is None:
            return True
        if sequence.measure is None:
            sequence.emit("done", done)
            return False
        sequence.done, sequence.cache = done, None
        sequence.measuring = sequence.measure(sequence.tokens, sequence.detokenizer.text)
        return True
