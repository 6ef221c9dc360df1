"""An adapter on the attention alone: which layers these are in each family, and that it is served."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from openlora.adapters.store import read_adapter
from openlora.attribution.gradients import choose_slices
from openlora.models.base import load_base
from openlora.ops.lora import fit
from openlora.train.spec import Method, Training
from openlora.train.targets import choose_targets
from openlora.train.trainer import Trainer
from openlora.train.training_log import TrainingLog

from .test_families import FAMILIES
from .test_kinds import CPU, make_examples, make_info


@pytest.mark.parametrize("family", FAMILIES)
def test_attention_is_found_in_every_family(family: str) -> None:
    config = FAMILIES[family]()
    model = AutoModelForCausalLM.from_config(config)
    chosen = choose_targets(model, "attention")
    blocks = {next(part for part in name.split(".") if part.isdigit()) for name in chosen}
    assert len(blocks) == config.num_hidden_layers, "every block has some"
    assert not [name for name in chosen if "mlp" in name or "head" in name or "expert" in name]
    every = [name for name, module in model.named_modules() if hasattr(module, "weight") and "mlp" in name]
    assert every, "there is more than attention to leave out"


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_an_adapter_on_attention_is_served_as_trained(family: str, tmp_path: Path) -> None:
    examples = make_examples()
    training = Training(epochs=3, batchSize=2, learningRate=0.02, heldOutEvery=0)
    method = Method(rank=2, alpha=4, targetModules="attention")
    trainer = Trainer(make_info(family, tmp_path / "base"), method, training, 0, CPU)
    work = tmp_path / "adapter"
    log = tmp_path / "log"
    done = trainer.train(examples, TrainingLog(log), work, lambda _: None, lambda *_: None)
    assert b'"targetModules":"attention"' in log.read_bytes().splitlines()[0]
    stored = read_adapter(work, done.adapter)
    base = load_base(tmp_path / "base", torch.float32, CPU, "eager")
    weights = fit(stored.weights, base.switch, torch.float32, CPU)
    assert weights
    assert all("attn" in name for name in weights)
    ids = torch.tensor([examples[5].tokens])
    with torch.no_grad(), base.switch.use(weights):
        served, trained = base.model(input_ids=ids).logits, trainer.model(input_ids=ids).logits
    torch.testing.assert_close(served, trained, rtol=1e-3, atol=1e-4)
    assert choose_slices(weights, len(examples))
