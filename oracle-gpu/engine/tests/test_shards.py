"""A base that several processes hold answers as one that is whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from openlora.__main__ import parser
from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.slots import Slots
from openlora.adapters.store import AdapterStore
from openlora.api.runtime import Runtime
from openlora.config import EngineConfig, Limits
from openlora.engine.grounding import require_apart
from openlora.engine.llm_engine import LLMEngine
from openlora.engine.probe import probe
from openlora.engine.replay import Asked, replay
from openlora.engine.sampling import Sampling
from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_base, load_plain
from openlora.models.tiny import tiny_tokenizer
from openlora.ops.lora import LoraPair, LoraSwitch, fit, install_lora
from openlora.shards.cut import Place, cut_layers
from openlora.shards.start import Shards

from .conftest import Engine, Json, question
from .test_families import FAMILIES, SIZES, make_weights
from .test_serving import CPU, LENGTHS, Ask, save_adapter, save_base

DIVIDED = ("llama", "qwen2", "mistral", "qwen3", "gemma", "gemma2", "gemma3")


@pytest.mark.parametrize("count", [1, 2])
def test_parts_of_a_layer_are_the_whole_layer_with_its_adapter(count: int, tmp_path: Path) -> None:
    """With biases everywhere, of which a sum must have one."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True))
    for layer in (
        each for each in model.modules() if isinstance(each, torch.nn.Linear) and each.bias is not None
    ):
        torch.nn.init.normal_(layer.bias)
    model.save_pretrained(tmp_path)
    whole = load_base(tmp_path, torch.float32, CPU)
    weights = make_weights(whole, 3, rank=3)
    parts: list[tuple[torch.nn.Module, LoraSwitch]] = []
    for number in range(count):
        part = load_plain(tmp_path, torch.float32, CPU, "eager")
        cuts = cut_layers(part, Place(number, count))
        switch = install_lora(part)
        switch.cuts = cuts
        parts.append((part, switch))
    assert {cut.is_partial for cut in parts[0][1].cuts.values()} == ({False} if count == 1 else {False, True})
    for name in whole.switch.layers:
        held = [switch.cuts[name] for _, switch in parts]
        x = torch.randn(1, 5, held[0].whole[1], generator=torch.Generator().manual_seed(4))
        with torch.no_grad(), whole.switch.use(weights):
            expected = whole.model.get_submodule(name)(x)
        found = []
        for (part, switch), cut in zip(parts, held, strict=True):
            with torch.no_grad(), switch.use(fit({name: weights[name]}, switch, torch.float32, CPU)):
                found.append(part.get_submodule(name)(x[..., cut.columns]))
        joined = sum(found) if held[0].is_partial else torch.cat(found, dim=-1)
        torch.testing.assert_close(joined, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_divided_or_refused_by_name(family: str, tmp_path: Path) -> None:
    save_base(family, tmp_path)
    model = load_plain(tmp_path, torch.float32, CPU, "eager")
    if family in DIVIDED:
        assert {cut.is_partial for cut in cut_layers(model, Place(1, 2)).values()} == {False, True}
        return
    with pytest.raises(EngineError, match=f"family {family} are not divided: choose") as refusal:
        cut_layers(model, Place(1, 2))
    assert refusal.value.code == "shards_unsupported"


def test_what_cannot_be_divided_is_refused(tmp_path: Path, models: Path) -> None:
    save_base("llama", tmp_path)
    with pytest.raises(EngineError, match="3 shards do not divide the base's num_key_value_heads of 2"):
        cut_layers(load_plain(tmp_path, torch.float32, CPU, "eager"), Place(0, 3))
    with pytest.raises(EngineError, match="Weights in fewer bits are not divided"):
        Runtime(EngineConfig(tmp_path / "state", models, threads=1, weights="int8", shards=2, device="cpu"))
    part = load_plain(tmp_path, torch.float32, CPU, "eager")
    cuts = cut_layers(part, Place(0, 2))
    switch = install_lora(part)
    switch.cuts = cuts
    name, cut = next(iter(cuts.items()))
    pair = LoraPair(torch.ones(1, cut.whole[1]), torch.ones(cut.whole[0], 1), 1.0)
    with pytest.raises(EngineError, match="not of that layer's size"):
        fit({name: LoraPair(pair.a[:, 1:], pair.b, 1.0)}, switch, torch.float32, CPU)
    dora = LoraPair(pair.a, pair.b, 1.0, magnitude=torch.ones(cut.whole[0]))
    with pytest.raises(EngineError, match="DoRA needs whole rows"):
        fit({name: dora}, switch, torch.float32, CPU)
    for wrong in ("0", "-2", "some"):
        with pytest.raises(SystemExit):
            parser().parse_args(["serve", "--state", "s", "--models", "m", "--shards", wrong])


class Divided:
    """A base in two shards, the same base whole, and three adapters."""

    def __init__(self, family: str, folder: Path) -> None:
        self.whole: BaseModel = save_base(family, folder / "base")
        self.store = AdapterStore(folder / "store")
        self.choices: list[Choice | None] = [None]
        for seed, rank in ((1, 2), (2, 5), (3, 4)):
            save_adapter(self.whole, self.whole.model, folder / str(seed), seed, rank)
            self.choices.append(Choice.one(self.store.put(folder / str(seed))))
        ids = [choice.key for choice in self.choices if choice is not None]
        self.choices.append(Choice(((ids[0], 7_000), (ids[2], -2_500))))
        self.lost = False
        self.shards = Shards(
            folder / "base", "", folder / "store", 1 << 24, torch.float32, CPU, 1, 2, self._lose
        )

    def _lose(self) -> None:
        self.lost = True

    def caches(self) -> Iterator[tuple[BaseModel, AdapterCache]]:
        for base in (self.whole, self.shards.base):
            yield base, AdapterCache(self.store, base, 1 << 24)


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_two_processes_answer_as_one(family: str, tmp_path: Path) -> None:
    """A mixed batch, and again from the prefix cache, so small that answers are put off; a replay."""
    divided = Divided(family, tmp_path)
    room = 16 * probe(divided.whole).token_bytes
    generator = torch.Generator().manual_seed(3)
    common = torch.randint(1, 50, (33,), generator=generator).tolist()
    prompts = [torch.randint(1, 50, (length,), generator=generator).tolist() for length in LENGTHS[1:4]]
    prompts += [[*common, number] for number in (40, 41)]
    found: dict[str, list[list[int]]] = {}
    for base, adapters in divided.caches():
        name = base.shard or "whole"
        own = room // (2 if base.shard else 1)  # half of the heads lie on each
        rows = 9 * Slots(base, 1).row_bytes  # of the four choices' 2, 5, 4 and 6: they come and go
        limits = Limits(cache_bytes=7 * own, slot_bytes=rows, step_tokens=32)
        engine = LLMEngine(base, -1, 1, limits, adapters)
        for turn in range(2):
            asked = [Ask(choice, prompt, 8) for prompt in prompts for choice in divided.choices]
            for ask in asked:
                engine.submit(ask.sequence)
            found[f"{name} {turn}"] = [ask.answer() for ask in asked]
            assert sum(ask.sequence.preemptions for ask in asked) > 0
        again = [Ask(None, prompts[3], 8) for _ in range(2)]
        for ask in again:  # by itself: what others leave in so small a cache depends on when they came
            engine.submit(ask.sequence)
            found.setdefault(f"{name} again", []).append(ask.answer())
        assert again[1].sequence.shared > 0
        for choice in divided.choices:
            of = Asked(prompts[2], found["whole 0"][0], Sampling())
            weights = None if choice is None else adapters.weights(choice)
            told = engine.run(partial(replay, base, weights, of, tiny_tokenizer())).result(60)
            found.setdefault(f"{name} replay", []).append([token["chosen"]["tokenId"] for token in told])
        if base.shard:
            with pytest.raises(EngineError, match="reads no passages apart"):
                require_apart(base)
        engine.close()
    divided.shards.close()
    assert found["1of2 0"] == found["whole 0"]
    assert found["1of2 again"] == found["whole again"]
    assert found["1of2 1"] == found["whole 1"] == found["whole 0"]
    assert found["1of2 replay"] == found["whole replay"]
    assert len({tuple(answer) for answer in found["whole 0"][:5]}) > 3, "the adapters must matter"
    assert not divided.lost


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Engine]:
    running = Engine(tmp_path_factory.mktemp("state"), models, "--shards", "2")
    yield running
    running.stop()


def test_a_server_of_two_shards_answers_and_ends_with_either(pair: Engine, engine: Engine) -> None:
    assert pair.get("/health")[1]["shards"] == 2
    asked = [{"messages": question(f"Tell me {i}"), "maxTokens": 20, "adapter": None} for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found: list[Json] = list(pool.map(lambda body: pair.generate(**body)[1], asked))
    assert found == [engine.generate(**body)[1] for body in asked]
    body = {**asked[0], "tokenIds": found[0]["tokenIds"]}
    del body["maxTokens"]
    status, told = pair.post("/v1/replay", body)
    assert status == 200
    assert max(token["gap"] for token in told["tokens"]) < 1e-3
    passage = {"recordId": "0x" + "ab" * 32, "cluster": "0x" + "ab" * 32, "text": "It is.", "title": "T"}
    status, refused = pair.post("/v1/generate", {**asked[0], "passages": [passage]})
    assert (status, refused["error"]["code"]) == (400, "passages_unsupported")

    children = Path(f"/proc/{pair.process.pid}/task").glob("*/children")
    others = [int(child) for file in children for child in file.read_text().split()]
    names = {other: Path(f"/proc/{other}/cmdline").read_text().split("\0") for other in others}
    follower = next(other for other, name in names.items() if "shard" in name)
    os.kill(follower, signal.SIGKILL)
    assert pair.process.wait(60) != 0
