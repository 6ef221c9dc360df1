"""Who computes what in the next step: admission, fairness, room in the cache."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from openlora.adapters.loader import Lease, Loader
from openlora.config import Limits
from openlora.engine.block_manager import BlockManager
from openlora.engine.sequence import Sequence


@dataclass(frozen=True)
class Chunk:
    """Tokens of one request to compute in a step; its adapter is held by `lease`."""

    sequence: Sequence
    start: int
    count: int
    lease: Lease | None

    @property
    def is_last(self) -> bool:
        """Whether the next token can be chosen afterwards."""
        return self.start + self.count == self.sequence.size


class Scheduler:
    """Used from the engine's thread only.

    A tenant is whoever asks the same adapters. Tenants have equal shares: places go to the one that holds the
    fewest, and parts of prompts are read in the order of what tenants have been served (start-time fair
    queueing: whoever comes back begins where the least served of the others is).
    """

    def __init__(self, blocks: BlockManager, limits: Limits, loader: Loader | None) -> None:
        self._blocks = blocks
        self._limits = limits
        self._loader = loader
        self._waiting: dict[str, deque[Sequence]] = {}
        self._leases: dict[str, Lease] = {}
        self._served: dict[str, int] = {}  # tokens, of the tenants that are here
        self.running: list[Sequence] = []  # by admission
        self.failed: list[Sequence] = []  # waited for an adapter that cannot be loaded; the engine says why

    def waiting(self, tenant: str | None = None) -> int:
        """Requests that wait, of all or of one tenant."""
        if tenant is not None:
            return len(self._waiting.get(tenant, ()))
        return sum(len(queue) for queue in list(self._waiting.values()))

    def add(self, sequence: Sequence) -> None:
        self._enter(sequence.tenant)
        self._waiting.setdefault(sequence.tenant, deque()).append(sequence)

    def drop_cancelled(self) -> None:
        """Free at once what cancelled requests hold."""
        for sequence in [each for each in self.running if each.cancelled.is_set()]:
            self.finish(sequence)
        for tenant, queue in list(self._waiting.items()):
            if any(sequence.cancelled.is_set() for sequence in queue):
                kept = deque(each for each in queue if not each.cancelled.is_set())
                self._waiting[tenant] = kept
                self._leave(tenant)

    def schedule(self) -> list[Chunk]:
        """One token for every answer, and parts of prompts as far as the step's tokens last."""
        self._admit()
        ready = [each for each in self.running if each.preparing is None and each.measuring is None]
        ready.sort(key=lambda each: (each.size - each.start > 1, self._served[each.tenant]))
        chunks: list[Chunk] = []
        left = self._limits.step_tokens
        for sequence in ready:
            count = min(sequence.size - sequence.start, left)
            if count == 0 or sequence not in self.running:
                continue
            kept = {chunk.sequence for chunk in chunks}
            if not self._make_room(sequence, sequence.start + count, kept):
                continue
            chunks.append(Chunk(sequence, sequence.start, count, self._leases.get(sequence.tenant)))
            self._served[sequence.tenant] += count
            left -= count
        return chunks

    def computed(self, chunk: Chunk) -> None:
        """The chunk's keys and values are in the cache."""
        chunk.sequence.computed = chunk.start + chunk.count
        self._blocks.name_full(chunk.sequence)

    def finish(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self.release(sequence)
        self._leave(sequence.tenant)

    def release(self, sequence: Sequence) -> None:
        """Take back what holds a request's keys and values."""
        self._blocks.release(sequence)
        sequence.cache = None

    def preempt(self, sequence: Sequence) -> None:
        """Back to the head of its queue; what it computed is computed again, or found in the prefix cache."""
        self.running.remove(sequence)
        self.release(sequence)
        sequence.preemptions += 1
        self._waiting.setdefault(sequence.tenant, deque()).appendleft(sequence)
        self._leave(sequence.tenant)

    def _admit(self) -> None:
        held = Counter(each.tenant for each in self.running)
        skipped: set[str] = set()
        while True:
            tenants = [each for each, queue in self._waiting.items() if queue and each not in skipped]
            if not tenants:
                return
            tenant = min(tenants, key=lambda each: (held[each], self._served[each]))
            if not self._is_loaded(tenant):
                skipped.add(tenant)
                continue
            if len(self.running) >= self._limits.max_active and not self._make_place(tenant, held):
                return
            sequence = self._waiting[tenant][0]
            self._blocks.begin(sequence)
            if self._blocks.needed(sequence.size + 1) - len(sequence.blocks) > self._blocks.free:
                self._blocks.release(sequence)
                return
            self._waiting[tenant].popleft()
            self.running.append(sequence)
            held[tenant] += 1

    def _make_place(self, tenant: str, held: Counter[str]) -> bool:
        """Take a place from whoever holds at least two more."""
        richest = max(held, key=held.__getitem__)
        if held[richest] < held[tenant] + 2:
            return False
        own = [each for each in self.running if each.tenant == richest and each.measuring is None]
        if not own:
            return False
        self.preempt(max(own, key=lambda each: each.arrived))
        held[richest] -= 1
        return True

    def _make_room(self, sequence: Sequence, tokens: int, kept: set[Sequence]) -> bool:
        """Blocks for so many tokens, if need be those of younger requests that are not in this step yet."""
        while not self._blocks.extend(sequence, tokens):
            younger = [
                each
                for each in self.running
                if each.arrived > sequence.arrived and each not in kept and each.blocks
            ]
            if younger:
                self.preempt(max(younger, key=lambda each: each.arrived))
                continue
            if any(each.arrived < sequence.arrived for each in self.running):
                self.preempt(sequence)
            return False
        return True

    def _is_loaded(self, tenant: str) -> bool:
        """Whether the tenant's adapter is on the device; asks for it if there is a place for one more."""
        choice = self._waiting[tenant][0].adapter
        if choice is None:
            return True
        lease = self._leases.get(tenant)
        if lease is None:
            if len(self._leases) >= self._limits.max_adapters:
                return False
            assert self._loader is not None, "an engine without adapters was asked for one"
            lease = self._leases[tenant] = self._loader.request(choice)
        if lease.ready and lease.error is not None:
            for sequence in self._waiting.pop(tenant):
                sequence.done = lease.error.body()
                self.failed.append(sequence)
            self._waiting[tenant] = deque()
            self._leave(tenant)
            return False
        return lease.ready

    def _enter(self, tenant: str) -> None:
        if tenant not in self._served:
            self._served[tenant] = min(self._served.values(), default=0)

    def _leave(self, tenant: str) -> None:
        """Give the adapter back with the tenant's last request, or where others wait for its place."""
        if any(each.tenant == tenant for each in self.running):
            return
        is_waiting = bool(self._waiting.get(tenant))
        others = any(queue and each and each not in self._leases for each, queue in self._waiting.items())
        lease = self._leases.get(tenant)
        if lease is not None and (not is_waiting or others):
            assert self._loader is not None
            self._loader.give_back(self._leases.pop(tenant))
        if not is_waiting:
            self._waiting.pop(tenant, None)
            del self._served[tenant]
