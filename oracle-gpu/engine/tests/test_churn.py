"""Adapters come and go in all tiers, and no token is ever another adapter's."""

from __future__ import annotations

import random

import pytest
import torch

from bench.certain import LAYER, make_certain, write_certain
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.packed import Packed, PackedLayer, packed_path, read_packed
from openlora.adapters.slots import Slots, rows_of
from openlora.adapters.store import WEIGHTS, AdapterStore, write_adapter
from openlora.config import Limits
from openlora.engine.llm_engine import LLMEngine
from openlora.errors import EngineError
from openlora.models.base import BaseModel

from .test_serving import Ask

ADAPTERS, REQUESTS = 60, 2_000
BATCH = 100  # requests sent at once


@pytest.fixture(scope="module")
def base() -> BaseModel:
    return make_certain(ADAPTERS + 4)


@pytest.fixture(scope="module")
def store(base: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> AdapterStore:
    return AdapterStore(tmp_path_factory.mktemp("adapters"))


@pytest.fixture(scope="module")
def ids(base: BaseModel, store: AdapterStore) -> list[str]:
    return list(write_certain(base, store, ADAPTERS))


def limits(base: BaseModel, ranks: int) -> Limits:
    """Slots for so many ranks."""
    return Limits(slot_bytes=ranks * Slots(base, 1).row_bytes, cache_bytes=1 << 20, max_adapters=8)


def test_no_token_is_another_adapters(base: BaseModel, store: AdapterStore, ids: list[str]) -> None:
    size = AdapterCache(store, base, 0).acquire(Choice.one(ids[3])).bytes
    adapters = AdapterCache(store, base, 15 * size)
    engine = LLMEngine(base, -1, 1, limits(base, 25), adapters)  # ten adapters of the mean rank
    generator = random.Random(1)
    wrong = 0
    for _ in range(REQUESTS // BATCH):
        numbers = [generator.randrange(ADAPTERS) for _ in range(BATCH)]
        asked = [
            Ask(
                Choice.one(ids[number]),
                [generator.randrange(ADAPTERS) for _ in range(generator.randint(1, 40))],
                2,
            )
            for number in numbers
        ]
        for ask in asked:
            engine.submit(ask.sequence)
        for number, ask in zip(numbers, asked, strict=True):
            wrong += ask.answer() != [number, number]
    assert wrong == 0
    assert adapters.bytes <= 15 * size
    assert len(adapters.resident()) < ADAPTERS, "some had to leave memory"
    engine.close()


def test_neighbours_of_an_adapter_that_overflows_are_unharmed(
    base: BaseModel, store: AdapterStore, ids: list[str]
) -> None:
    """Its products, and what it leaves in the cache, are no numbers; all of its weights are."""
    name = "base_model.model.model.layers.0.self_attn"
    tensors = {}
    for layer in ("q_proj", "k_proj", "v_proj"):
        inside, outside = rows_of(base.switch.layers[f"model.layers.0.self_attn.{layer}"])
        tensors[f"{name}.{layer}.lora_A.weight"] = torch.full((1, inside), 1e38)
        tensors[f"{name}.{layer}.lora_B.weight"] = torch.full((outside, 1), 1e38)
    folder = store.workspace()
    write_adapter(folder, tensors, {"peft_type": "LORA", "r": 1, "lora_alpha": 1})
    loud = Choice.one(store.put(folder))
    # One block's worth of cache more than two requests need, so that blocks change hands.
    engine = LLMEngine(base, -1, 1, limits(base, 25), AdapterCache(store, base, 1 << 24))
    for _ in range(3):
        asked = [
            (number, Ask(loud if number is None else Choice.one(ids[number]), range(20), 3))
            for number in (5, None, 6, None, 7)
        ]
        for _, ask in asked:
            engine.submit(ask.sequence)
        for number, ask in asked:
            answer = ask.answer()
            assert number is None or answer == [number] * 3
    engine.close()


def test_rows_that_were_given_up_are_zero_and_held_ones_stay(base: BaseModel) -> None:
    slots = Slots(base, 8 * Slots(base, 1).row_bytes)

    def packed(key: str, rank: int) -> Packed:
        return Packed(key, rank, {LAYER: PackedLayer(torch.ones(rank, 48), torch.ones(rank, 32), None)}, 1)

    first, second = slots.load(packed("a", 3)), slots.load(packed("b", 4))
    assert first is not None
    assert second is not None
    assert slots.load(packed("c", 3)) is None, "all that is here is held"
    slots.unpin(first)
    third = slots.load(packed("c", 2))
    assert third is not None
    assert third.ranks == slice(0, 2)
    assert slots.resident() == {"b", "c"}
    ranks = slots.pools[LAYER].a.abs().sum(1) > 0
    assert ranks.tolist() == [True, True, False, True, True, True, True, False]
    assert slots.evict_idle(0) == 0, "both are held"
    slots.unpin(third)
    assert slots.evict_idle(0) == 1
    assert slots.pin("c") is None
    assert not slots.pools[LAYER].b[:3].any()


def test_a_packed_adapter_is_read_back_only_if_it_is_whole(
    base: BaseModel, store: AdapterStore, ids: list[str]
) -> None:
    id = ids[2]
    cache = AdapterCache(store, base, 0, "base")
    packed = cache.acquire(Choice.one(id))
    cache.release(id)
    path = packed_path(store.folder(id), torch.float32)
    read = read_packed(path, id, "base", torch.float32, base.device)
    assert read is not None
    assert (read.rank, read.bytes, list(read.layers)) == (packed.rank, packed.bytes, [LAYER])
    assert torch.equal(read.layers[LAYER].a, packed.layers[LAYER].a)
    assert torch.equal(read.layers[LAYER].b, packed.layers[LAYER].b)
    assert read_packed(path, id, "another base", torch.float32, base.device) is None
    assert read_packed(path, ids[3], "base", torch.float32, base.device) is None
    whole = path.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-4], whole[:10], b""):
        path.write_bytes(damaged)
        assert read_packed(path, id, "base", torch.float32, base.device) is None
        cache.check(Choice.one(id))
        assert path.read_bytes() == whole, "made again from the adapter's files"
    path.unlink()
    path.mkdir()  # as on a full disk: it cannot be written
    cache.check(Choice.one(id))
    assert [file.name for file in path.parent.iterdir() if "partial" in file.name] == []
    path.rmdir()
    file = store.file(id, WEIGHTS)
    good = file.read_bytes()
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(EngineError) as caught:
        cache.check(Choice.one(id))
    assert caught.value.code == "adapter_tampered"
    file.write_bytes(good)
    cache.check(Choice.one(id))


def test_weights_that_are_no_numbers_are_refused(base: BaseModel, store: AdapterStore) -> None:
    name = f"base_model.model.{LAYER}"
    tensors = {
        f"{name}.lora_A.weight": torch.full((1, 48), torch.nan),
        f"{name}.lora_B.weight": torch.ones(32, 1),
    }
    folder = store.workspace()
    write_adapter(folder, tensors, {"peft_type": "LORA", "r": 1, "lora_alpha": 1})
    with pytest.raises(EngineError, match="not a finite number"):
        AdapterCache(store, base, 0).check(Choice.one(store.put(folder)))
