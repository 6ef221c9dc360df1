"""An engine on kernels and recorded steps answers as one on the reference operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig

from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.store import AdapterStore, write_adapter
from openlora.engine.decode_steps import DecodeSteps, sizes
from openlora.engine.llm_engine import LLMEngine
from openlora.models.base import BaseModel, load_base, load_plain
from openlora.ops.attention import PagedCache
from openlora.ops.operators import Operators, Row

from .test_families import SIZES
from .test_serving import CPU, SMALL, Ask, save_adapter

pytest.importorskip("triton")

from openlora.ops.kernels.operators import Kernels

# One layer and few heads: a program of a kernel takes the interpreter a thousandth of a second and more.
CONFIG = {**SIZES, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}
LIMITS = replace(SMALL, max_active=4, step_tokens=48)
LAYER = "model.layers.0.mlp.down_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(LlamaConfig(**CONFIG)).save_pretrained(folder)
    return load_base(folder, torch.float32, CPU, "eager")


@pytest.fixture(scope="module")
def store(base: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> AdapterStore:
    return AdapterStore(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def adapters(base: BaseModel, store: AdapterStore) -> list[Choice]:
    """Of ranks 2, 3 and 17."""
    plain = load_plain(Path(base.model.config._name_or_path), torch.float32, CPU, "eager")
    chosen = []
    for seed, rank in ((1, 2), (2, 3), (3, 17)):
        work = store.workspace()
        save_adapter(base, plain, work, seed, rank)
        chosen.append(Choice.one(store.put(work)))
    return chosen


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests each recorded step had, as they are computed."""
    seen: list[int] = []
    run = DecodeSteps.run

    def note(self: DecodeSteps, rows: Sequence[Row]) -> Tensor:
        seen.append(len(rows))
        return run(self, rows)

    monkeypatch.setattr(DecodeSteps, "run", note)
    return seen


def answers(
    base: BaseModel,
    store: AdapterStore,
    choices: Sequence[Choice | None],
    operators: Operators | None,
) -> list[list[int]]:
    """Of requests that are asked at once, when all adapters are on the device."""
    engine = LLMEngine(base, -1, 1, LIMITS, AdapterCache(store, base, 1 << 26), operators)
    try:
        for choice in choices:
            first = Ask(choice, [3], 1)
            engine.submit(first.sequence)
            first.answer()
        asks = [Ask(choice, range(3, 5 + 5 * number), 3) for number, choice in enumerate(choices)]
        for ask in asks:
            engine.submit(ask.sequence)
        return [ask.answer() for ask in asks]
    finally:
        engine.close()


def test_recorded_steps_answer_as_the_reference(
    base: BaseModel, store: AdapterStore, adapters: list[Choice], steps: list[int]
) -> None:
    choices = [*adapters, None]
    expected = answers(base, store, choices, None)
    assert not steps
    assert answers(base, store, choices, Kernels(CPU)) == expected
    assert len(choices) in steps, "a step of several adapters and the base alone"


def test_dora_is_computed_as_it_comes(base: BaseModel, store: AdapterStore, steps: list[int]) -> None:
    """Its gains are by request."""
    weight = base.switch.layers[LAYER].weight
    assert isinstance(weight, Tensor)
    outside, inside = weight.shape
    generator = torch.Generator().manual_seed(5)
    tensors = {
        f"base_model.model.{LAYER}.lora_A.weight": torch.randn(2, inside, generator=generator),
        f"base_model.model.{LAYER}.lora_B.weight": torch.randn(outside, 2, generator=generator),
        f"base_model.model.{LAYER}.lora_magnitude_vector": torch.linspace(0.5, 3, outside),
    }
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_dora": True, "target_modules": ["down_proj"]}
    work = store.workspace()
    write_adapter(work, tensors, config)
    dora: list[Choice | None] = [Choice.one(store.put(work))]
    assert answers(base, store, dora, Kernels(CPU)) == answers(base, store, dora, None)
    assert not steps


class Unrecorded(Kernels):
    """A device that refuses to record."""

    def record(self, compute: Callable[[], Tensor]) -> Callable[[], Tensor]:
        raise RuntimeError("operation not permitted when stream is capturing")


def test_what_cannot_be_recorded_is_computed_as_it_comes(
    base: BaseModel, store: AdapterStore, adapters: list[Choice], steps: list[int]
) -> None:
    assert answers(base, store, adapters[:1], Unrecorded(CPU)) == answers(base, store, adapters[:1], None)
    assert not steps


def test_a_step_fits_only_what_it_has_room_for(base: BaseModel) -> None:
    steps = DecodeSteps(base, Kernels(CPU), 8, 3)
    row = Row(1, 0, 1, [0], slice(0, 4))
    assert not steps.fits([row]), "nothing is recorded yet"
    steps.record(PagedCache.make(5, 4, [((1, 8), (1, 8))], torch.zeros(0)), {})
    assert steps.fits([row] * 8)
    assert not steps.fits([row] * 9)
    assert not steps.fits([replace(row, blocks=[0, 1, 2, 3])])
    assert not steps.fits([replace(row, ranks=slice(0, 300))])


def test_few_sizes_are_recorded_and_the_largest_is_what_was_asked() -> None:
    assert sizes(1) == [1]
    assert sizes(6) == [1, 2, 4, 6]
    assert sizes(32) == [1, 2, 4, 8, 16, 24, 32]
    assert sizes(30) == [1, 2, 4, 8, 16, 24, 30]
