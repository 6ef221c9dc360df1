"""Eight-bit floats: how much is lost, what is refused, and that the device's product is asked rightly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from openlora.engine.llm_engine import LLMEngine
from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_base, load_plain
from openlora.ops.fp8 import FP8, Fp8Linear, scaled_product, to_fp8
from openlora.ops.lora import install_lora, rows

from .test_serving import CPU, SMALL, Ask, save_base


@pytest.mark.parametrize("bias", [True, False])
def test_rounding_costs_each_row_its_own_precision(bias: bool) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(64, 32, bias=bias)
    with torch.no_grad():
        plain.weight[3] *= 1e4
        plain.weight[5] = 0
        x = torch.randn(2, 7, 64) * torch.logspace(-3, 3, 7)[:, None]
        layer = Fp8Linear(plain)
        found, expected = layer(x), plain(x)
    off = layer.whole() - plain.weight
    assert (off.norm(dim=1) <= plain.weight.norm(dim=1) / 16).all(), "e4m3 has three bits beside the first"
    assert torch.equal(rows(layer), layer.whole()), "DoRA is fitted to the numbers that are served"
    scale = (x.norm(dim=-1, keepdim=True) * plain.weight.norm(dim=1)) / 8
    assert ((found - expected).abs() <= 0.2 * scale + 1e-6).all()


def test_the_products_of_a_device_take_these_shapes() -> None:
    """By PyTorch's own rules for shapes, strides and types, which need no device."""
    x, weight = (torch.empty(shape, dtype=FP8, device="meta") for shape in ((7, 64), (32, 64)))
    scales = torch.empty(7, 1, device="meta"), torch.empty(1, 32, device="meta")
    found = scaled_product(x, scales[0], weight, scales[1], torch.bfloat16)
    assert (found.shape, found.dtype) == ((7, 32), torch.bfloat16)


def test_only_layers_that_fit_are_rounded_and_the_head_is_not(tmp_path: Path) -> None:
    save_base("llama", tmp_path)  # hidden 32, intermediate 48, keys of 16
    model = load_plain(tmp_path, torch.float32, CPU, "eager")
    model.set_submodule("model.layers.0.mlp.up_proj", nn.Linear(32, 40))
    to_fp8(model)
    kinds = {name: type(layer) for name, layer in model.named_modules() if name.endswith(("proj", "head"))}
    assert kinds.pop("lm_head") is kinds.pop("model.layers.0.mlp.up_proj") is nn.Linear
    assert set(kinds.values()) == {Fp8Linear}
    base = BaseModel(model, install_lora(model), torch.float32, CPU)
    assert len(base.switch.layers) == len(kinds) + 1, "all of them can carry an adapter"


def test_an_engine_answers_with_such_weights(tmp_path: Path) -> None:
    save_base("llama", tmp_path)
    model = load_plain(tmp_path, torch.float32, CPU, "sdpa")
    to_fp8(model)
    base = BaseModel(model, install_lora(model), torch.float32, CPU)
    engine = LLMEngine(base, -1, 1, SMALL)
    ask = Ask(None, range(3, 20), 4)
    engine.submit(ask.sequence)
    found = ask.answer()
    engine.close()
    with torch.no_grad():
        read = [*range(3, 20)]
        for _ in range(4):
            read.append(int(model(input_ids=torch.tensor([read])).logits[0, -1].argmax()))
    assert found == read[-4:]


def test_a_device_without_such_products_is_refused(tmp_path: Path) -> None:
    save_base("llama", tmp_path)
    with pytest.raises(EngineError) as caught:
        load_base(tmp_path, torch.float32, CPU, weights="fp8")
    assert (caught.value.status, caught.value.code) == (503, "weights_unsupported")
