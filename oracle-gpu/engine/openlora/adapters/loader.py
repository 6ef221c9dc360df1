"""The thread that brings adapters from disk to memory to the device, while the engine's goes on decoding."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch

from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.packed import Packed
from openlora.adapters.slots import Slot, Slots
from openlora.errors import EngineError

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Lease:
    """An adapter that was asked for. Once `ready` it stays where it is until it is given back."""

    choice: Choice
    packed: Packed | None = None
    slot: Slot | None = None  # none where the model does not read slots
    error: EngineError | None = None
    ready: bool = False
    returned: bool = False


REST = 9  # how many times what a load took passes before the next, while others decode


class Loader:
    """`slots`: None for a model that cannot read them; then memory is as far as adapters go.

    `is_busy`: whether others decode, who are not to wait for loads that follow each other.
    """

    def __init__(
        self,
        cache: AdapterCache,
        slots: Slots | None,
        idle_seconds: float,
        notify: Callable[[], None],
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._cache = cache
        self._slots = slots
        self._idle_seconds = idle_seconds
        self._notify = notify  # called whenever a lease has become ready or has failed
        self._is_busy = is_busy
        self._asked: deque[Lease] = deque()
        self._work = threading.Condition()
        self._closed = self._woken = False
        self._thread = threading.Thread(target=self._loop, name="adapters", daemon=True)
        self._thread.start()

    def request(self, choice: Choice) -> Lease:
        """At once where the adapter is on the device already, else in its turn."""
        lease = Lease(choice)
        slot = None if self._slots is None else self._slots.pin(choice.key)
        if slot is not None:
            lease.slot, lease.ready = slot, True
            return lease
        with self._work:
            self._asked.append(lease)
            self._wake()
        return lease

    def give_back(self, lease: Lease) -> None:
        with self._work:
            lease.returned = True
            if lease.ready:
                self._drop(lease)
            self._wake()  # there may be room for another now

    def close(self) -> None:
        with self._work:
            self._closed = True
            self._wake()
        self._thread.join(timeout=30)

    def _wake(self) -> None:
        self._woken = True
        self._work.notify()

    def _loop(self) -> None:
        torch.set_num_threads(1)  # copies, which must not compete for the cores that decode
        yield_to_others()
        while True:
            with self._work:
                self._work.wait_for(lambda: self._woken, self._idle_seconds / 4)
                if self._closed:
                    return
                self._woken = False
                asked, self._asked = self._asked, deque()
            if self._slots is not None:
                self._slots.evict_idle(self._idle_seconds)
            blocked = [lease for lease in asked if not self._load(lease)]
            with self._work:
                self._asked.extendleft(reversed(blocked))

    def _load(self, lease: Lease) -> bool:
        """False if there is no room on the device yet."""
        if lease.returned:
            self._drop(lease)
            return True
        started = time.monotonic()
        try:
            packed = lease.packed or self._cache.acquire(lease.choice)
            lease.packed = packed
            if self._slots is not None:
                if packed.rank > self._slots.capacity:
                    raise _too_large(packed.rank, self._slots.capacity)
                lease.slot = self._slots.load(packed)
                if lease.slot is None:
                    return False
        except EngineError as error:
            lease.error = error
        except Exception:
            log.exception("an adapter could not be loaded")
            message = "The adapter could not be loaded: see the engine's log."
            lease.error = EngineError(500, "adapter_failed", message)
        with self._work:
            lease.ready = True
            if lease.returned:
                self._drop(lease)
        self._notify()
        self._rest(REST * (time.monotonic() - started))
        return True

    def _rest(self, seconds: float) -> None:
        """For so long, or until nobody decodes."""
        until = time.monotonic() + seconds
        while self._is_busy() and not self._closed and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.01))

    def _drop(self, lease: Lease) -> None:
        if lease.slot is not None and self._slots is not None:
            self._slots.unpin(lease.slot)
        if lease.packed is not None:
            self._cache.release(lease.packed.key)
        lease.slot = lease.packed = None


def yield_to_others() -> None:
    """Have this thread run where others leave a core: a product waits for the last of its threads.

    Linux gives each thread a niceness of its own; elsewhere it is the process's, and stays.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def _too_large(rank: int, capacity: int) -> EngineError:
    message = f"The adapter has rank {rank} and the device's slots hold {capacity}: give them more memory."
    return EngineError(409, "adapter_too_large", message, rank=rank, capacity=capacity)
