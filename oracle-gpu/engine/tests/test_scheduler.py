"""Who is computed when: equal shares, bounded steps, blocks that are shared, taken back and found again."""

from __future__ import annotations

import itertools
import random
from typing import Any, cast

import pytest

from openlora.adapters.cache import Choice
from openlora.adapters.loader import Lease, Loader
from openlora.config import Limits
from openlora.engine.block_manager import BlockManager
from openlora.engine.sampling import Sampling
from openlora.engine.scheduler import Chunk, Scheduler
from openlora.engine.sequence import Sequence

from .test_serving import Spelling

SIZE = 4  # tokens of a block


class Shelf:
    """Stands for the loader: every adapter is there at once."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    def request(self, choice: Choice) -> Lease:
        assert choice.key not in self.held
        self.held.add(choice.key)
        return Lease(choice, ready=True)

    def give_back(self, lease: Lease) -> None:
        self.held.remove(lease.choice.key)


class Engine:
    """Everything but the model: a token is 1, whatever was computed."""

    def __init__(self, blocks: int = 1_000, **limits: int) -> None:
        self.shelf = Shelf()
        self.blocks = BlockManager(blocks, SIZE)
        self.scheduler = Scheduler(self.blocks, Limits(**limits), cast(Loader, self.shelf))
        self.finished: list[Sequence] = []

    def add(self, tenant: str | None, prompt: int, answer: int, first: int = 2) -> Sequence:
        choice = None if tenant is None else Choice.one(tenant)
        spelling: Any = Spelling()
        tokens = list(range(first, first + prompt))
        sequence = Sequence(tokens, answer, Sampling(), choice, spelling, lambda *_: None)
        self.scheduler.add(sequence)
        return sequence

    def step(self) -> list[Chunk]:
        self.scheduler.drop_cancelled()
        chunks = self.scheduler.schedule()
        for chunk in chunks:
            sequence = chunk.sequence
            held = len(sequence.blocks) * SIZE
            assert chunk.start + chunk.count <= held < chunk.start + chunk.count + SIZE
            is_last = chunk.is_last
            self.scheduler.computed(chunk)
            if is_last:
                sequence.tokens.append(1)
                if len(sequence.tokens) == sequence.max_tokens:
                    self.scheduler.finish(sequence)
                    self.finished.append(sequence)
        return chunks

    def run(self, steps: int = 10_000) -> None:
        for _ in range(steps):
            if not self.step() and not self.scheduler.running:
                break
        assert not self.scheduler.running
        assert not self.scheduler.waiting()
        assert self.blocks.free == self.blocks.blocks, "all blocks came back"
        assert not self.shelf.held, "and all adapters"


def test_every_answer_gets_a_token_and_the_rest_of_the_step_reads_prompts() -> None:
    engine = Engine(step_tokens=10)
    first = engine.add("a", 5, 20)
    assert [(chunk.start, chunk.count) for chunk in engine.step()] == [(0, 5)]
    long = engine.add("b", 25, 2, first=100)
    steps = [engine.step() for _ in range(4)]
    assert [[chunk.count for chunk in chunks] for chunks in steps] == [[1, 9], [1, 9], [1, 7], [1, 1]]
    assert [chunks[0].sequence for chunks in steps] == [first] * 4
    assert long in engine.finished
    engine.run()


def test_a_cold_tenant_is_admitted_at_once_however_many_a_hot_one_asks() -> None:
    engine = Engine(max_active=4, step_tokens=64)
    hot = [engine.add("hot", 8, 50, first=i) for i in range(40)]
    for _ in range(5):
        engine.step()
    assert engine.scheduler.running == hot[:4]
    cold = engine.add("cold", 8, 3, first=500)
    chunks = engine.step()
    assert cold in [chunk.sequence for chunk in chunks]
    assert len(cold.tokens) == 1, "its first token comes with the next step"
    assert hot[3].preemptions == 1
    assert hot[3] not in engine.scheduler.running
    engine.run()
    assert len(engine.finished) == 41
    assert all(len(each.tokens) == each.max_tokens for each in engine.finished)


def test_prompts_are_read_in_the_order_of_what_tenants_were_served() -> None:
    engine = Engine(step_tokens=8)
    for i in range(4):
        engine.add("hot", 64, 1, first=100 * i)
    for _ in range(3):
        engine.step()
    cold = engine.add("cold", 16, 1, first=700)
    for _ in range(4):
        engine.step()
    assert cold in engine.finished, "two steps of four, before what is left of 256 tokens"
    engine.run()


def test_a_step_has_a_bounded_number_of_adapters_and_all_have_their_turn() -> None:
    engine = Engine(max_adapters=2, step_tokens=64)
    for i in range(12):
        engine.add(f"tenant{i % 6}", 6, 4, first=20 * i)
    engine.add(None, 6, 4)
    while engine.scheduler.running or engine.scheduler.waiting():
        tenants = {chunk.sequence.tenant for chunk in engine.step()} - {""}
        assert len(tenants) <= 2
        assert len(engine.shelf.held) <= 2
    assert len(engine.finished) == 13


def test_when_blocks_run_out_the_youngest_waits_and_loses_nothing() -> None:
    engine = Engine(blocks=12, step_tokens=64)
    asked = [engine.add(None, 8, 24, first=100 * i) for i in range(4)]  # 8 blocks each in the end
    while len(engine.finished) < 4:
        assert engine.step()
    assert engine.finished[0] is asked[0], "the oldest is never sent back"
    assert asked[0].preemptions == 0
    assert sum(each.preemptions for each in asked) > 0
    assert all(len(each.tokens) == 24 for each in asked)
    engine.run()


def test_what_is_cancelled_is_free_before_the_next_step() -> None:
    engine = Engine(blocks=10, step_tokens=64, max_active=1)
    running, waiting = engine.add("a", 30, 10), engine.add("a", 30, 10)
    engine.step()
    assert engine.blocks.free < 10
    running.cancel()
    waiting.cancel()
    assert engine.step() == []
    assert engine.blocks.free == 10
    assert engine.scheduler.waiting() == 0
    assert not engine.shelf.held


def test_a_prefix_is_found_again_by_the_same_adapter_only() -> None:
    engine = Engine()
    engine.add("a", 16, 1)
    engine.run()
    again, other, base = engine.add("a", 16, 1), engine.add("b", 16, 1), engine.add(None, 16, 1)
    longer, changed = engine.add("a", 20, 1), engine.add("a", 16, 1, first=3)
    engine.step()
    assert again.shared == 12, "a token is left to compute"
    assert longer.shared == 16
    assert other.shared == base.shared == changed.shared == 0
    engine.run()


def test_shared_blocks_are_held_by_all_who_read_them_and_the_oldest_unused_go_first() -> None:
    blocks = BlockManager(4, SIZE)
    engine = Engine()

    def begin(first: int) -> Sequence:
        sequence = engine.add("a", 9, 1, first)
        blocks.begin(sequence)
        assert blocks.extend(sequence, 9)
        sequence.computed = 9
        blocks.name_full(sequence)
        return sequence

    one = begin(2)
    two = begin(2)
    assert two.blocks[:2] == one.blocks[:2]
    assert two.blocks[2] != one.blocks[2]
    assert blocks.free == 0
    assert not blocks.extend(one, 13)
    assert len(one.blocks) == 3, "nothing was changed"
    blocks.release(one)
    assert blocks.free == 1, "the others are read by the second"
    blocks.release(two)
    assert blocks.free == 4
    other = begin(50)  # takes two empty blocks and the end of the prefix
    assert blocks.free == 1
    blocks.release(other)
    third = engine.add("a", 9, 1, 2)
    blocks.begin(third)
    assert third.shared == 4, "its beginning was overwritten last"


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_and_goes_all_is_answered_and_given_back(seed: int) -> None:
    generator = random.Random(seed)
    engine = Engine(blocks=24, step_tokens=16, max_active=5, max_adapters=3)
    asked = []
    for number in itertools.count():
        if number < 60:
            tenant = generator.choice([None, "a", "b", "c", "d", "e"])
            asked.append(engine.add(tenant, generator.randint(1, 30), generator.randint(1, 30), number % 7))
        if generator.random() < 0.1:
            generator.choice(asked).cancel()
        engine.step()
        if number >= 60 and not engine.scheduler.running and not engine.scheduler.waiting():
            break
    engine.run()
    assert all(each in engine.finished or each.cancelled.is_set() for each in asked)
