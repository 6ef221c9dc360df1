"""The thread that owns the model: answers many requests at once and runs attribution between its steps."""

from __future__ import annotations

import itertools
import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import torch
from torch import Tensor

from openlora.adapters.cache import AdapterCache
from openlora.adapters.loader import Loader
from openlora.adapters.slots import Slots
from openlora.config import Limits
from openlora.engine.accept import accept
from openlora.engine.block_manager import BlockManager
from openlora.engine.model_runner import ModelRunner
from openlora.engine.probe import probe
from openlora.engine.scheduler import Chunk, Scheduler
from openlora.engine.sequence import Sequence
from openlora.errors import EngineError
from openlora.models.base import BaseModel
from openlora.ops.attention import PagedCache
from openlora.ops.lora import LoraWeights
from openlora.shards.leader import unsupported

log = logging.getLogger(__name__)
BLOCK_SIZE = 16  # tokens
LONGEST_RETRY = 60  # seconds
T = TypeVar("T")
_READ = object()  # that a prompt's passages are all read


class LLMEngine:
    """A step gives one token to every answer and reads parts of prompts, all in one batch."""

    def __init__(
        self,
        base: BaseModel,
        end_token: int,
        threads: int,
        limits: Limits | None = None,
        adapters: AdapterCache | None = None,
    ) -> None:
        """`adapters`: without them only the base itself can be asked."""
        self._base = base
        self._end_token = end_token
        self._threads = threads
        self._limits = limits or Limits()
        self._adapters = adapters
        self._arrived: deque[Sequence] = deque()
        self._tasks: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._work = threading.Condition()
        self._news = self._closed = False
        self._generated = 0  # tokens since the start
        self._turn = itertools.count()
        self._build()
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def _build(self) -> None:
        able = probe(self._base)
        blocks = max(self._limits.cache_bytes // (able.token_bytes * BLOCK_SIZE), 1)
        cache, slots = None, None
        if able.shapes is not None:
            like = torch.empty(0, dtype=self._base.dtype, device=self._base.device)
            cache = PagedCache.make(blocks, BLOCK_SIZE, able.shapes, like)
            slots = None if self._adapters is None else Slots(self._base, self._limits.slot_bytes)
        if self._base.leader is not None:
            if cache is None:
                raise unsupported("answers of bases that take no packed batch")
            self._base.leader.begin(blocks, 1 if slots is None else slots.capacity)
        self._blocks = BlockManager(blocks, BLOCK_SIZE, shares=cache is not None)
        self._loader = None
        if self._adapters is not None:
            self._loader = Loader(
                self._adapters, slots, self._limits.idle_seconds, self._notify, self._is_decoding
            )
        self._scheduler = Scheduler(self._blocks, self._limits, self._loader)
        self._runner = ModelRunner(self._base, cache, slots, able.keeps_the_same, self._weights)

    def submit(self, sequence: Sequence) -> None:
        """Queue a request; its `emit` then receives token, done and error events.

        EngineError 429 where too many wait, 400 where it could never have room enough.
        """
        room = self._blocks.blocks * BLOCK_SIZE
        if len(sequence.prompt) + sequence.max_tokens > room:
            message = (
                f"Prompt and answer may have {room} tokens here: shorten the prompt or ask for fewer tokens."
            )
            raise EngineError(400, "context_length_exceeded", message, contextLength=room)
        sequence.on_cancel = self._notify
        with self._work:
            waiting = self._scheduler.waiting() + len(self._arrived)
            own = self._scheduler.waiting(sequence.tenant)
            own += sum(each.tenant == sequence.tenant for each in self._arrived)
            if waiting >= self._limits.max_waiting or own >= -(-self._limits.max_waiting // 2):
                raise self._busy(waiting)
            self._arrived.append(sequence)
            self._wake()

    def run(self, task: Callable[[], T]) -> Future[T]:
        """Run `task` on the engine's thread, between two steps."""
        future: Future[T] = Future()
        with self._work:
            self._tasks.append((task, future))
            self._wake()
        return future

    def load(self) -> dict[str, int]:
        """How busy the engine is."""
        active, waiting = len(self._scheduler.running), self._scheduler.waiting() + len(self._arrived)
        return {"active": active, "waiting": waiting, "generatedTokens": self._generated}

    def close(self) -> None:
        with self._work:
            self._closed = True
            self._wake()
        self._thread.join(timeout=30)
        if self._loader is not None:
            self._loader.close()
        if self._base.leader is not None:
            self._base.leader.end()

    def _is_decoding(self) -> bool:
        return bool(self._scheduler.running)

    def _busy(self, waiting: int) -> EngineError:
        """A guess at when there is room again: a second for each round of answers that wait."""
        seconds = min(math.ceil(waiting / self._limits.max_active), LONGEST_RETRY)
        message = f"Too many requests are waiting: try again in {seconds} seconds."
        return EngineError(429, "engine_busy", message, retryAfter=seconds)

    def _notify(self) -> None:
        """Something changed for the scheduler; safe from any thread."""
        with self._work:
            self._wake()

    def _wake(self) -> None:
        self._news = True
        self._work.notify()

    def _loop(self) -> None:
        torch.set_num_threads(self._threads)  # a setting of the calling thread
        while True:
            with self._work:
                self._work.wait_for(lambda: self._news)
                self._news = False
                if self._closed:
                    return
                task = self._tasks.popleft() if self._tasks else None
                while self._arrived:
                    self._scheduler.add(self._arrived.popleft())
            if task is not None:
                self._run_task(*task)
            try:
                is_busy = self._step()
            except Exception:  # of the scheduler itself: nothing that was begun can be trusted
                log.exception("a step failed")
                is_busy = False
                for sequence in list(self._scheduler.running):
                    self._fail(sequence)
            if is_busy or self._tasks:
                self._notify()

    @staticmethod
    def _run_task(task: Callable[[], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(task())
        except BaseException as error:  # the waiting request gets it; the thread lives on
            future.set_exception(error)

    def _step(self) -> bool:
        """Whether there is something to do at once."""
        self._scheduler.drop_cancelled()
        self._step_aside()
        chunks = self._scheduler.schedule()
        for sequence in self._scheduler.failed:
            sequence.emit("error", sequence.done)
        self._scheduler.failed.clear()
        if chunks:
            self._runner.clear(self._blocks.taken())
            self._accept(self._run(chunks))
        return bool(chunks) or bool(self._apart())

    def _run(self, chunks: list[Chunk]) -> list[tuple[Chunk, Tensor]]:
        """Compute the chunks; where that fails, one by one, so that only what is to blame fails."""
        try:
            answers = self._runner.run(chunks)
        except Exception:
            if len(chunks) == 1:
                self._fail(chunks[0].sequence)
                return []
            return [answer for chunk in chunks for answer in self._run([chunk])]
        for chunk in chunks:
            self._scheduler.computed(chunk)
        return answers

    def _accept(self, answers: list[tuple[Chunk, Tensor]]) -> None:
        for chunk, logits in answers:
            sequence = chunk.sequence
            try:
                done = accept(sequence, logits, self._end_token)
                self._generated += 1
                if done is None:
                    continue
                if sequence.measure is None:
                    self._scheduler.finish(sequence)
                    sequence.emit("done", done)
                    continue
                sequence.done = done
                self._scheduler.release(sequence)
                sequence.measuring = sequence.measure(sequence.tokens, sequence.detokenizer.text)
            except EngineError as refusal:
                self._scheduler.finish(sequence)
                sequence.emit("error", refusal.body())
            except Exception:
                self._fail(sequence)

    def _apart(self) -> list[Sequence]:
        """Requests that read passages or measure what they did."""
        return [each for each in self._scheduler.running if each.preparing or each.measuring]

    def _step_aside(self) -> None:
        """One pass of one of them; they take turns."""
        apart = self._apart()
        if not apart:
            return
        sequence = apart[next(self._turn) % len(apart)]
        try:
            with torch.no_grad(), self._base.switch.use(self._weights(sequence)):
                if sequence.preparing is not None:
                    if next(sequence.preparing, _READ) is _READ:
                        sequence.preparing = None
                elif sequence.measuring is not None:
                    found = next(sequence.measuring)
                    if found is not None:
                        self._scheduler.finish(sequence)
                        sequence.emit("done", {**sequence.done, "passages": found})
        except Exception:
            self._fail(sequence)

    def _fail(self, sequence: Sequence) -> None:
        log.exception("a request failed")
        if sequence in self._scheduler.running:
            self._scheduler.finish(sequence)
        failure = EngineError(500, "generation_failed", "The engine failed on this request: try again.")
        sequence.emit("error", failure.body())

    def _weights(self, sequence: Sequence) -> LoraWeights | None:
        if sequence.adapter is None:
            return None
        assert self._adapters is not None, "an engine without adapters was asked for one"
        return self._adapters.weights(sequence.adapter)
