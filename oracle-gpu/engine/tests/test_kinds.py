"""Every kind of adapter, in every model family: trained, saved, served as PEFT does, and attributed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM

from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.store import WEIGHTS, AdapterStore, read_adapter, write_adapter
from openlora.attribution import projection, scan
from openlora.attribution.composed import Parent, composed_gradients, merge
from openlora.attribution.gradients import choose_slices, loss_gradients, make_slices
from openlora.attribution.index import AttributionIndex, build_index
from openlora.errors import EngineError
from openlora.models.base import BaseInfo, BaseModel, load_base, load_plain
from openlora.ops.lora import LoraPair, fit
from openlora.train.examples import Example
from openlora.train.spec import Kind, Method, Training
from openlora.train.trainer import Trainer, loss_divisor
from openlora.train.training_log import TrainingLog

from .test_families import FAMILIES, plain_loss, sequences, shift

CPU = torch.device("cpu")
# As published with QLoRA: quantiles of the normal distribution, of which zero is one.
NF4 = torch.tensor(
    [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
     -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
     0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
     0.7229568362236023, 1.0]
)  # fmt: skip
Stored = tuple[dict[str, Tensor], dict[str, Any]]


def make_info(family: str, folder: Path) -> BaseInfo:
    """Twice as wide as in the families' own tests: rows of four-bit layers are whole blocks of 64."""
    torch.manual_seed(0)
    config = FAMILIES[family]()
    plain, wide = config.to_dict(), {"hidden_size": 64, "intermediate_size": 128}
    config = type(config)(**{**plain, **{key: size for key, size in wide.items() if key in plain}})
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return BaseInfo("0x" + "ba" * 32, family, family, "Apache-2.0", 20_000, 64, "", folder)


def make_examples() -> list[Example]:
    return [
        Example(f"0x{i:064x}", f"c{i}", [], list(x.tokens), list(x.trained), "", [])
        for i, x in enumerate(sequences(6))
    ]


def make_trainer(info: BaseInfo, kind: Kind) -> Trainer:
    training = Training(epochs=3, batchSize=2, learningRate=0.02, heldOutEvery=0)
    return Trainer(info, Method(kind=kind, rank=2, alpha=4), training, 0, CPU)


@pytest.mark.parametrize(
    ("family", "kind"),
    [pair for pair in product(FAMILIES, get_args(Kind)) if pair != ("gpt2", "qlora")],
)
def test_what_is_trained_is_served_and_attributed(family: str, kind: Kind, tmp_path: Path) -> None:
    examples = make_examples()
    trainer = make_trainer(make_info(family, tmp_path / "base"), kind)
    work = tmp_path / "adapter"
    done = trainer.train(examples, TrainingLog(tmp_path / "log"), work, lambda _: None, lambda *_: None)
    stored = read_adapter(work, done.adapter)
    base = load_base(tmp_path / "base", torch.float32, CPU, "eager")
    weights = fit(stored.weights, base.switch, torch.float32, CPU)
    assert all((pair.gain is not None) == (kind == "dora") for pair in weights.values())

    peft = PeftModel.from_pretrained(load_plain(tmp_path / "base", torch.float32, CPU, "eager"), work).eval()
    ids = torch.tensor([examples[5].tokens])
    with torch.no_grad(), base.switch.use(weights):
        served = base.model(input_ids=ids).logits
    with torch.no_grad():
        expected, plain = peft(input_ids=ids).logits, base.model(input_ids=ids).logits
    torch.testing.assert_close(served, expected, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(served, plain, atol=1e-2), "the adapter must matter"

    assert stored.quantised == (kind == "qlora")
    if stored.quantised:
        base = load_base(tmp_path / "base", torch.float32, CPU, "eager", quantised=True)
        with torch.no_grad(), base.switch.use(weights):
            trained, expected = base.model(input_ids=ids).logits, trainer.model(input_ids=ids).logits
        torch.testing.assert_close(trained, expected, rtol=1e-3, atol=1e-4)
        assert not torch.allclose(trained, served, atol=1e-2), "four bits are not the whole"
    divisor = loss_divisor(examples, 2)
    slices = choose_slices(weights, len(examples))
    _, rows = loss_gradients(base, weights, slices, examples, divisor)
    shares = torch.tensor([1.0, 0.0, 2.0, 1.0, 0.5, 1.0])
    parameters = dict(trainer.peft.base_model.named_parameters())
    names = [f"model.{piece.layer}.lora_{piece.part}.default.weight" for piece in slices]
    loss = (trainer.record_losses(examples) * shares).sum() / divisor
    batch = torch.autograd.grad(loss, [parameters[name] for name in names])
    whole = torch.cat([gradient.flatten() for gradient in batch])
    assert whole.norm() > 0
    torch.testing.assert_close(shares @ rows, whole, rtol=2e-3, atol=2e-5)

    early = read_adapter(work / "checkpoint", done.checkpoint).weights
    checkpoint = fit(early, base.switch, torch.float32, CPU)
    build_index(work / "index", base, checkpoint, done.checkpoint, examples, [], divisor, lambda *_: None)
    index = AttributionIndex(work / "index")
    slices = make_slices(checkpoint, index.tensors)
    for place, example in enumerate(examples):
        _, raw = loss_gradients(base, checkpoint, slices, [example], divisor)
        query = projection.quantise_query(index.project(raw[0].numpy()))
        assert scan.totals(scan.scores(index.rows, query)).argmax() == place


def test_four_bits_stand_for_the_nearest_of_sixteen_numbers(tmp_path: Path) -> None:
    """Against a plain reading of the definition: blocks of 64, each scaled by its largest weight.

    Layers whose rows are no whole number of blocks, and what is no linear layer, stay as they are.
    """
    make_info("llama", tmp_path)
    plain, rounded = (load_base(tmp_path, torch.float32, CPU, quantised=yes) for yes in (False, True))
    cut = [name for name in plain.switch.layers if name.endswith("o_proj")]  # four heads of 8: 32 a row
    for name, layer in plain.switch.layers.items():
        if name in cut:
            torch.testing.assert_close(rounded.switch.layers[name].weight, layer.weight, rtol=0, atol=0)
            continue
        blocks = layer.weight.bfloat16().float().view(-1, 64)  # type: ignore[operator]
        scales = blocks.abs().amax(1, keepdim=True)
        nearest = (blocks.unsqueeze(2) / scales.unsqueeze(2) - NF4).abs().argmin(2)
        expected = (NF4[nearest] * scales).view(layer.weight.shape)  # type: ignore[arg-type]
        found = rounded.switch.layers[name].weight
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    untouched = plain.model.get_input_embeddings().weight
    torch.testing.assert_close(rounded.model.get_input_embeddings().weight, untouched, rtol=0, atol=0)


def test_evaluating_in_four_bits_leaves_the_gradients(tmp_path: Path) -> None:
    """Kernels for AVX512-BF16 would repack the weights at the first evaluation and lose every gradient."""
    trainer = make_trainer(make_info("llama", tmp_path), "qlora")
    examples = make_examples()

    def gradient() -> Tensor:
        found = torch.autograd.grad(trainer.record_losses(examples).sum(), trainer.parameters)
        return torch.cat([part.flatten() for part in found])

    before = gradient()
    with torch.no_grad():
        trainer.record_losses(examples)
    assert before.norm() > 0
    torch.testing.assert_close(gradient(), before)


def test_a_base_without_linear_layers_is_not_trained_on_in_four_bits(tmp_path: Path) -> None:
    info = make_info("gpt2", tmp_path)
    for refused in (
        lambda: make_trainer(info, "qlora"),
        lambda: load_base(tmp_path, torch.float32, CPU, quantised=True),
    ):
        with pytest.raises(EngineError, match="gpt2 cannot be trained on in four bits: choose") as refusal:
            refused()
        assert refusal.value.status == 400


def test_an_adapter_of_an_unknown_quantisation_is_refused(dora: Stored, tmp_path: Path) -> None:
    tensors, config = dora
    id = write_adapter(tmp_path / "other", tensors, {**config, "base_quantization": {"load_in_8bit": True}})
    with pytest.raises(EngineError, match="quantised in a way that is not known here"):
        read_adapter(tmp_path / "other", id)


@pytest.fixture
def dora(tmp_path: Path) -> Stored:
    """Tensors and configuration of a DoRA adapter of the tiny LLaMA in `base`, away from its beginning."""
    trainer = make_trainer(make_info("llama", tmp_path / "base"), "dora")
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in trainer.parameters:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    trainer.save(tmp_path / "dora")
    config = trainer.peft.peft_config["default"].to_dict()
    kept = {"peft_type": "LORA", **{key: config[key] for key in ("r", "lora_alpha", "use_dora")}}
    return load_file(tmp_path / "dora" / WEIGHTS), kept


def changed_magnitude(tensors: dict[str, Tensor], change: Any) -> dict[str, Tensor]:
    name = next(name for name in sorted(tensors) if name.endswith("lora_magnitude_vector"))
    made = change(tensors[name].clone())
    rest = {key: tensor for key, tensor in tensors.items() if key != name}
    return rest if made is None else {**rest, name: made}


def filled(value: float) -> Any:
    def change(tensor: Tensor) -> Tensor:
        tensor[3] = value
        return tensor

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: None, "has no magnitude"),
        (lambda tensor: tensor[:-1], "is not 64 numbers"),
        (lambda tensor: tensor[None], "is not 64 numbers"),
        (filled(float("nan")), "zero or not finite"),
        (filled(float("inf")), "zero or not finite"),
        (filled(0.0), "zero or not finite"),
    ],
)
def test_a_broken_magnitude_is_refused(dora: Stored, tmp_path: Path, change: Any, reason: str) -> None:
    tensors, config = dora
    id = write_adapter(tmp_path / "broken", changed_magnitude(tensors, change), config)
    with pytest.raises(EngineError, match=reason) as refusal:
        read_adapter(tmp_path / "broken", id)
    assert refusal.value.code == "adapter_unsupported"


def test_a_magnitude_without_dora_is_refused(dora: Stored, tmp_path: Path) -> None:
    tensors, config = dora
    id = write_adapter(tmp_path / "broken", tensors, {**config, "use_dora": False})
    with pytest.raises(EngineError, match="does not say use_dora"):
        read_adapter(tmp_path / "broken", id)


def test_an_adapter_that_does_not_fit_the_base_is_refused(dora: Stored, tmp_path: Path) -> None:
    tensors, config = dora
    id = write_adapter(tmp_path / "adapter", tensors, config)
    weights = read_adapter(tmp_path / "adapter", id).weights
    base = load_base(tmp_path / "base", torch.float32, CPU)
    name, pair = next(iter(weights.items()))
    wrong = [
        ({"model.elsewhere": pair}, "no linear layer model.elsewhere"),
        ({name: replace(pair, a=pair.a[:, 1:])}, "not of that layer's size"),
        ({name: replace(pair, b=pair.b[1:])}, "not of that layer's size"),
    ]
    for given, reason in wrong:
        with pytest.raises(EngineError, match=reason):
            fit(given, base.switch, torch.float32, CPU)
    with torch.no_grad():
        base.switch.layers[name].weight[3] = 0  # type: ignore[operator]
        pair.b[3] = 0
    with pytest.raises(EngineError, match="has no direction"):
        fit({name: pair}, base.switch, torch.float32, CPU)


def test_a_dora_adapter_is_served_from_the_store_in_bfloat16(dora: Stored, tmp_path: Path) -> None:
    """Gains stay in float32: rounded, each would be wrong by the same for a whole row."""
    tensors, config = dora
    store = AdapterStore(tmp_path / "store")
    work = store.workspace()
    write_adapter(work, tensors, config)
    id = store.put(work)
    exact = load_base(tmp_path / "base", torch.float32, CPU)
    base = load_base(tmp_path / "base", torch.bfloat16, CPU)
    ids = torch.tensor([[5, 6, 7, 8]])
    stored = fit(read_adapter(store.folder(id), id).weights, exact.switch, torch.float32, CPU)
    with torch.no_grad(), base.switch.use(AdapterCache(store, base, 1 << 30).weights(Choice.one(id))):
        rounded = base.model(input_ids=ids).logits
    with torch.no_grad(), exact.switch.use(stored):
        expected = exact.model(input_ids=ids).logits
    assert rounded.dtype == torch.bfloat16
    assert (rounded.float() - expected).norm() < 0.05 * expected.norm()


def double(base: BaseModel, weights: dict[str, LoraPair]) -> dict[str, LoraPair]:
    return {
        name: replace(pair, a=pair.a.double(), b=pair.b.double())
        for name, pair in fit(weights, base.switch, torch.float64, CPU).items()
    }


def test_dora_parents_of_a_merge_are_attributed_by_the_chain_rule(dora: Stored, tmp_path: Path) -> None:
    """A DoRA parent and a plain one, against what moving each one's weights changes at constant norms."""
    tensors, config = dora
    id = write_adapter(tmp_path / "one", tensors, config)
    plain = {name: x for name, x in tensors.items() if not name.endswith("vector")}
    other = write_adapter(tmp_path / "two", plain, {**config, "use_dora": False})
    base = load_base(tmp_path / "base", torch.float64, CPU, "eager")
    first = double(base, read_adapter(tmp_path / "one", id).weights)
    second = double(base, read_adapter(tmp_path / "two", other).weights)
    layers = [name for name in first if name.endswith("down_proj")]
    chosen = [(layer, part) for layer in layers for part in "AB"]
    parents = [
        Parent(first, 0.7, make_slices(first, chosen)),
        Parent(second, -0.4, make_slices(second, chosen)),
    ]
    merged = merge(parents)
    for name, layer in base.switch.layers.items():
        weight = layer.weight
        assert isinstance(weight, Tensor)
        changes = [weight.new_zeros(())]
        for parent in parents:
            pair = parent.weights[name]
            own = pair.b @ pair.a * (2.0 if pair.gain is None else (pair.gain * 2.0).unsqueeze(1))
            own = own if pair.gain is None else own + (pair.gain - 1).unsqueeze(1) * weight
            changes.append(parent.weight * own)
        x = torch.randn(3, weight.shape[1], dtype=torch.float64)
        with base.switch.use(merged):
            found = base.model.get_submodule(name)(x)
        torch.testing.assert_close(found, x @ (weight + sum(changes)).T, rtol=1e-5, atol=1e-6)

    asked = sequences(2)
    _, gradients = composed_gradients(base, parents, asked, 3.0)
    generator = torch.Generator().manual_seed(5)
    step = 1e-3
    for index, parent in enumerate(parents):
        direction = torch.randn(parent.slices[-1].end, generator=generator, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            moved = [*parents]
            moved[index] = Parent(shift(parent, direction * step * sign), parent.weight, parent.slices)
            with torch.no_grad():
                ends.append(torch.stack([plain_loss(base, merge(moved), x) for x in asked]) / 3.0)
        expected = (ends[0] - ends[1]) / (2 * step)
        torch.testing.assert_close(gradients[index] @ direction, expected, rtol=2e-3, atol=1e-3)
