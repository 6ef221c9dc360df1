"""Weights in eight and four bits: which numbers they stand for, and that answers are of exactly those."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM

from openlora.__main__ import parser
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.packed import pack
from openlora.adapters.store import AdapterStore, read_adapter
from openlora.api.generate import start_generation
from openlora.api.replay import answer_replay
from openlora.api.runtime import Runtime
from openlora.api.schemas import GenerateBody, ReplayBody
from openlora.api.train import prepare
from openlora.config import EngineConfig, Weights
from openlora.engine.llm_engine import LLMEngine
from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_base
from openlora.ops.lora import rows
from openlora.ops.quantised import (
    FEW,
    GROUP,
    Int4Linear,
    Int8Linear,
    QuantisedLinear,
    quantise_layers,
)
from openlora.train.spec import Plan

from .conftest import Engine, Json, plan, question
from .test_families import FAMILIES
from .test_serving import ANSWER, CPU, LENGTHS, SMALL, Ask, save_adapter, save_base

NARROW: list[Weights] = ["int8", "int4"]
KINDS: dict[Weights, type[QuantisedLinear]] = {"int8": Int8Linear, "int4": Int4Linear}


def make_layer(inside: int = 4 * GROUP, outside: int = 64, bias: bool = True) -> nn.Linear:
    torch.manual_seed(1)
    layer = nn.Linear(inside, outside, bias=bias).requires_grad_(False)
    layer.weight.mul_(torch.linspace(0.1, 30, outside).unsqueeze(1))  # rows of different size
    layer.weight[7] = 0
    layer.weight[8, :GROUP] = 0.25
    return layer


def test_a_byte_stands_for_the_nearest_of_255_numbers() -> None:
    layer = make_layer()
    found = Int8Linear(layer).whole()
    weight = layer.weight.bfloat16().float()
    step = (weight.abs().amax(1, keepdim=True) / 127).bfloat16().float()
    assert ((found - weight).abs() <= step * 0.51 + (weight.abs() - 127 * step).clamp_min(0)).all()
    assert (found[7] == 0).all()


def test_four_bits_stand_for_the_nearest_of_sixteen_numbers() -> None:
    layer = make_layer()
    found = Int4Linear(layer).whole()
    weight = layer.weight.bfloat16().float()
    for row, numbers in zip(weight, found, strict=True):
        for group, made in zip(row.split(GROUP), numbers.split(GROUP), strict=True):
            known = made.unique()
            assert len(known) <= 16
            step = known.diff().min() if len(known) > 1 else torch.tensor(0.0)
            inner = (group >= known[0]) & (group <= known[-1])
            assert ((made - group).abs()[inner] <= 0.51 * step + 1e-6).all()
            room = 0.15 * (group.max() - group.min()) + 1e-2 * group.abs().max()
            assert (made - group).abs().max() <= room + 1e-9
    assert found[7].abs().max() < 1e-6
    error, plain = ((x - weight).square().sum() for x in (found, min_max(weight)))
    assert error <= plain, "searching for the range is to pay"


def min_max(weight: Tensor) -> Tensor:
    """Sixteen numbers from each group's least to its largest."""
    groups = weight.view(len(weight), -1, GROUP)
    low, high = groups.amin(2, keepdim=True), groups.amax(2, keepdim=True)
    step = ((high - low) / 15).clamp_min(1e-30)
    return (((groups - low) / step).round() * step + low).view_as(weight)


@pytest.mark.parametrize("weights", NARROW)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("tokens", [1, FEW, FEW + 1])
def test_a_layer_multiplies_by_these_numbers(weights: Weights, dtype: torch.dtype, tokens: int) -> None:
    plain = make_layer()
    layer = KINDS[weights](plain.to(dtype))
    x = torch.randn(2, tokens, plain.in_features, generator=torch.Generator().manual_seed(2)).to(dtype)
    found = layer(x)
    assert (found.dtype, found.shape) == (dtype, (2, tokens, plain.out_features))
    expected = x.double() @ layer.whole().double().T + plain.bias.double()
    size = x.double().abs() @ layer.whole().double().abs().T
    assert (
        (found.double() - expected).abs() <= size * (1e-5 if dtype == torch.float32 else 1e-2) + 1e-6
    ).all()


def test_numbers_are_the_same_whatever_the_sums_are_made_in() -> None:
    for kind in KINDS.values():
        both = [kind(make_layer().to(dtype)).whole() for dtype in (torch.float32, torch.bfloat16)]
        torch.testing.assert_close(both[0], both[1], rtol=0, atol=0)


def save_wide(family: str, folder: Path) -> BaseModel:
    """As in the families' tests, and so wide that there are whole groups and tiles."""
    torch.manual_seed(0)
    config = FAMILIES[family]()
    wide = {"hidden_size": 64, "num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": 128}
    plain = config.to_dict()
    config = type(config)(**{**plain, **{key: size for key, size in wide.items() if key in plain}})
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return load_base(folder, torch.float32, CPU, "eager")


def whole_numbers(path: Path, weights: Weights) -> BaseModel:
    """A base of plain layers that have the numbers of the narrow ones."""
    narrow, plain = load_base(path, torch.float32, CPU, weights=weights), load_base(path, torch.float32, CPU)
    with torch.no_grad():
        for name, layer in plain.switch.layers.items():
            rows(layer).copy_(rows(narrow.switch.layers[name]))
    return plain


@pytest.mark.parametrize("weights", NARROW)
@pytest.mark.parametrize("family", ["llama", "qwen3", "falcon"])
def test_a_batch_answers_as_plain_layers_of_the_same_numbers(
    weights: Weights, family: str, tmp_path: Path
) -> None:
    """Adapters in the batch; falcon is answered one by one."""
    path = tmp_path / "base"
    whole = save_wide(family, path)
    store = AdapterStore(tmp_path / "store")
    choices: list[Choice | None] = [None]
    for seed, rank in ((1, 2), (2, 5)):
        save_adapter(whole, whole.model, tmp_path / str(seed), seed, rank)
        choices.append(Choice.one(store.put(tmp_path / str(seed))))
    base = load_base(path, torch.float32, CPU, weights=weights)
    assert any(isinstance(layer, KINDS[weights]) for layer in base.switch.layers.values())
    assert base.bytes < whole.bytes
    generator = torch.Generator().manual_seed(3)
    prompts = [torch.randint(1, 50, (length,), generator=generator).tolist() for length in LENGTHS]
    adapters = AdapterCache(store, base, 1 << 24, f"base in {weights}")
    engine = LLMEngine(base, -1, 1, SMALL, adapters)
    asked = [(choice, prompt, Ask(choice, prompt)) for prompt in prompts for choice in choices]
    for _, _, ask in asked:
        engine.submit(ask.sequence)
    plain, ties = whole_numbers(path, weights), 0
    for choice, prompt, ask in asked:
        answer = ask.answer()
        with torch.no_grad(), plain.switch.use(None if choice is None else adapters.weights(choice)):
            logits = plain.model(input_ids=torch.tensor([prompt + answer[:-1]])).logits[0]
        for token, row in zip(answer, logits[len(prompt) - 1 :], strict=True):
            best = row.topk(2).values
            ties += bool(best[0] - best[1] < 1e-3)
            assert token == int(row.argmax()) or best[0] - best[1] < 1e-3
    engine.close()
    assert ties < ANSWER


def test_the_norms_of_dora_are_those_of_the_layers_that_serve(tmp_path: Path) -> None:
    path = tmp_path / "base"
    whole = save_wide("llama", path)
    id = save_adapter(whole, whole.model, tmp_path / "adapter", 1, 2)
    adapter = read_adapter(tmp_path / "adapter", id)
    made = {name: replace(x, magnitude=torch.ones(len(x.b))) for name, x in adapter.weights.items()}
    dora = replace(adapter, weights=made)
    base, plain = load_base(path, torch.float32, CPU, weights="int8"), whole_numbers(path, "int8")
    for name, layer in pack(dora, base).layers.items():
        expected = pack(dora, plain).layers[name].gain
        assert layer.gain is not None
        assert expected is not None
        torch.testing.assert_close(layer.gain, expected)


def test_what_cannot_be_kept_in_fewer_bits_is_refused_by_name(tmp_path: Path) -> None:
    save_base("gpt2", tmp_path)
    for weights in NARROW:
        with pytest.raises(EngineError, match="family gpt2 have no layers for") as refusal:
            load_base(tmp_path, torch.float32, CPU, weights=weights)
        assert refusal.value.code == "weights_unsupported"
    with pytest.raises(SystemExit):
        parser().parse_args(["serve", "--state", "s", "--models", "m", "--weights", "int2"])


def test_layers_that_four_bits_do_not_fit_get_eight(tmp_path: Path) -> None:
    save_base("llama", tmp_path)
    layers = load_base(tmp_path, torch.float32, CPU, weights="int4").switch.layers
    assert all(isinstance(layer, Int8Linear) for layer in layers.values()), "32 and 48 rows are no tile"


def test_whole_weights_are_left_alone() -> None:
    model = nn.Sequential(make_layer())
    quantise_layers(model, "whole")
    assert isinstance(model[0], nn.Linear)


def test_an_engine_says_its_precision_and_attributes_as_any_other(
    engine: Engine, trained: Json, models: Path, tmp_path: Path
) -> None:
    """Gradients are those of the weights that the release was trained on, loaded when first asked for."""
    shutil.copytree(engine.state / "adapters", tmp_path / "adapters")
    runtime = Runtime(EngineConfig(tmp_path, models, threads=1, weights="int8", device="cpu"))
    try:
        health = runtime.health()
        assert health["precision"] == "int8-float32"
        assert health["memory"]["attribution"] == 0
        asked = {"promptTokenIds": [1, 80, 81, 82], "tokenIds": [60, 61, 62, 63, 64]}
        body = {"adapter": trained["adapter"], **asked}
        status, expected = engine.post("/v1/attribute", body)
        assert status == 200
        found = runtime.attributor.attribute(
            trained["adapter"], asked["promptTokenIds"], asked["tokenIds"], 32
        )
        assert found == expected
        assert runtime.memory()["attribution"] > health["memory"]["serving"]
        assert b'openlora_base_bytes{of="serving"}' in runtime.metrics.text(0, 0, runtime.memory())
        done, replayed = asyncio.run(answer_and_replay(runtime, trained["adapter"]))
        assert [token["tokenId"] for token in replayed["tokens"]] == done["tokenIds"]
        assert max(token["gap"] for token in replayed["tokens"]) < 1e-3
        qlora = plan(runtime.info.id, 8) | {"method": {"kind": "qlora", "rank": 4, "alpha": 8}}
        prepare(runtime, Plan.model_validate(qlora))
    finally:
        runtime.close()


async def answer_and_replay(runtime: Runtime, adapter: str) -> tuple[Json, Json]:
    """An answer, and its replay by the same engine."""
    asked = {"adapter": adapter, "messages": question("Tell me a story")}
    stream = await start_generation(runtime, GenerateBody.model_validate({**asked, "maxTokens": 30}))
    blocks = [block async for block in stream]
    done: Json = json.loads(blocks[-1].split("data: ")[1])
    body = ReplayBody.model_validate({**asked, "tokenIds": done["tokenIds"]})
    return done, await answer_replay(runtime, body)
