"""A batch of many requests gives each what PEFT gives it alone, in every model family."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Sequence as Prompts
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from openlora.__main__ import parser
from openlora.adapters.cache import AdapterCache, Choice, add
from openlora.adapters.packed import Packed, PackedLayer
from openlora.adapters.store import AdapterStore, write_adapter
from openlora.config import Limits
from openlora.engine.llm_engine import LLMEngine
from openlora.engine.probe import probe
from openlora.engine.sampling import Sampling
from openlora.engine.scheduler import Chunk, Scheduler
from openlora.engine.sequence import Sequence
from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_base, load_plain
from openlora.ops.lora import LoraPair
from openlora.train.targets import choose_targets

from .conftest import Json
from .test_families import FAMILIES, make_weights

CPU = torch.device("cpu")
LENGTHS = (1, 5, 17, 33, 40)  # of prompts, tokens: around the ends of blocks, and beyond the sliding windows
ANSWER = 8
TIE = 1e-4  # of the two best logits: which is chosen may depend on rounding
SMALL = Limits(cache_bytes=1 << 20, slot_bytes=1 << 20, step_tokens=32)


class Spelling:
    """Stands for a detokenizer where no text is wanted."""

    text, stopped = "", False

    def push(self, _: int) -> str:
        return ""

    def finish(self) -> str:
        return ""


class Ask:
    """One greedy request and its answer."""

    def __init__(self, choice: Choice | None, prompt: Prompts[int], count: int = ANSWER) -> None:
        self._events: queue.Queue[tuple[str, Json]] = queue.Queue()
        spelling: Any = Spelling()
        self.sequence = Sequence(
            list(prompt),
            count,
            Sampling(),
            choice,
            spelling,
            lambda kind, data: self._events.put((kind, data)),
        )

    def wait(self) -> tuple[str, Json]:
        """The last event."""
        while True:
            kind, data = self._events.get(timeout=120)
            if kind != "token":
                return kind, data

    def answer(self) -> list[int]:
        kind, data = self.wait()
        assert kind == "done", data
        tokens: list[int] = data["tokenIds"]
        return tokens


def save_base(family: str, folder: Path) -> BaseModel:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(FAMILIES[family]()).save_pretrained(folder)
    return load_base(folder, torch.float32, CPU, "eager")


def save_adapter(base: BaseModel, plain: Any, folder: Path, seed: int, rank: int) -> str:
    """A random adapter on every layer that PEFT would give one."""
    targets = choose_targets(plain)
    chosen: dict[str, LoraPair] = {
        name: pair
        for name, pair in make_weights(base, seed, rank).items()
        if targets == "all-linear" or name in targets
    }
    tensors = {}
    for name, pair in chosen.items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = pair.a
        tensors[f"base_model.model.{name}.lora_B.weight"] = pair.b
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 2 * rank,
        "bias": "none",
    }
    return write_adapter(folder, tensors, {**config, "target_modules": sorted(chosen)})


@pytest.fixture
def prompts() -> list[list[int]]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randint(1, 50, (length,), generator=generator).tolist() for length in LENGTHS]


@pytest.mark.parametrize("family", FAMILIES)
def test_any_batch_equals_peft_per_request(family: str, prompts: list[list[int]], tmp_path: Path) -> None:
    base = save_base(family, tmp_path / "base")
    assert (probe(base).shapes is None) == (family in ("falcon", "bloom")), "the others run packed"
    store = AdapterStore(tmp_path / "store")
    references: dict[str | None, Any] = {None: load_plain(tmp_path / "base", torch.float32, CPU, "eager")}
    for seed, rank in ((1, 2), (2, 5)):
        folder = tmp_path / f"adapter{seed}"
        plain = load_plain(tmp_path / "base", torch.float32, CPU, "eager")
        id = save_adapter(base, plain, folder, seed, rank)
        references[id] = PeftModel.from_pretrained(plain, folder).eval()
        store.put(folder)
    engine = LLMEngine(base, -1, 1, SMALL, AdapterCache(store, base, 1 << 24))
    asked = [
        (id, prompt, Ask(None if id is None else Choice.one(id), prompt))
        for prompt in prompts
        for id in references
    ]
    for _, _, ask in asked:
        engine.submit(ask.sequence)
    tokens = ties = 0
    for chosen, prompt, ask in asked:
        answer = ask.answer()
        with torch.no_grad():
            logits = references[chosen](input_ids=torch.tensor([prompt + answer[:-1]])).logits[0]
        for token, row in zip(answer, logits[len(prompt) - 1 :], strict=True):
            best = row.topk(2).values
            ties += bool(best[0] - best[1] < TIE)
            assert token == int(row.argmax()) or best[0] - best[1] < TIE
            tokens += 1
    engine.close()
    assert tokens == ANSWER * len(asked)
    assert ties < 3, "nearly all tokens are told apart"


def test_a_weighted_sum_of_adapters_is_the_sum_of_their_changes(tmp_path: Path) -> None:
    base = save_base("llama", tmp_path / "base")
    store = AdapterStore(tmp_path / "store")
    ids = []
    for seed, rank in ((1, 2), (2, 5)):
        save_adapter(base, base.model, tmp_path / str(seed), seed, rank)
        ids.append(store.put(tmp_path / str(seed)))
    adapters = AdapterCache(store, base, 1 << 24)
    choice = Choice(((ids[0], 7_000), (ids[1], -2_500)))
    assert choice.key == Choice(tuple(reversed(choice.parts))).key
    merged = adapters.weights(choice)
    parents = [adapters.weights(Choice.one(id)) for id in ids]
    for name, pair in merged.items():
        expected = (
            0.7 * parents[0][name].b @ parents[0][name].a - 0.25 * parents[1][name].b @ parents[1][name].a
        )
        torch.testing.assert_close(pair.b @ pair.a, expected)
    engine = LLMEngine(base, -1, 1, SMALL, adapters)
    prompt = [5, 6, 7]
    asked = {key: Ask(key, prompt) for key in (choice, *map(Choice.one, ids), None)}
    for ask in asked.values():
        engine.submit(ask.sequence)
    answers = {key: ask.answer() for key, ask in asked.items()}
    engine.close()
    tokens = list(prompt)
    with torch.no_grad(), base.switch.use(merged):
        for _ in range(ANSWER):
            tokens.append(int(base.model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax()))
    assert answers[choice] == tokens[len(prompt) :]
    assert len({tuple(answer) for answer in answers.values()}) == 4


def test_answers_from_the_prefix_cache_and_after_preemption_are_the_same(tmp_path: Path) -> None:
    base = save_base("llama", tmp_path / "base")
    store = AdapterStore(tmp_path / "store")
    save_adapter(base, base.model, tmp_path / "new", 1, 2)
    choices = [None, Choice.one(store.put(tmp_path / "new"))]
    prompts = [[*range(1, 34), number] for number in range(40, 44)]  # of which two blocks are common
    found = []
    room = 16 * probe(base).token_bytes  # bytes of a block
    for blocks in (64, 5):  # the second: one answer takes four
        limits = Limits(cache_bytes=blocks * room, slot_bytes=1 << 20, step_tokens=32)
        engine = LLMEngine(base, -1, 1, limits, AdapterCache(store, base, 1 << 24))
        answers = []
        for _ in range(2):  # the second time from what the first has left
            asked = [Ask(choice, prompt, 20) for prompt in prompts for choice in choices]
            for ask in asked:
                engine.submit(ask.sequence)
            answers.append([ask.answer() for ask in asked])
            if blocks == 64:
                first, second = [ask.sequence.shared for ask in asked[:2]]
                assert (first > 0) == (second > 0) == (len(answers) == 2)
            elif len(answers) == 1:
                assert sum(ask.sequence.preemptions for ask in asked) > 0
        found.append(answers)
        engine.close()
    assert found[0][0] == found[0][1] == found[1][0] == found[1][1]
    assert found[0][0][0] != found[0][0][1], "the adapter must matter"


def test_dora_is_in_no_sum() -> None:
    gain = PackedLayer(torch.ones(1, 4), torch.ones(1, 4), torch.ones(4))
    plain = PackedLayer(torch.ones(1, 4), torch.ones(1, 4), None)
    parents = [(Packed(key, 1, {"layer": layer}, 1), 0.5) for key, layer in (("a", plain), ("b", gain))]
    with pytest.raises(EngineError, match="b uses DoRA") as caught:
        add("sum", parents)
    assert caught.value.code == "dora_in_sum"


def test_too_many_are_refused_and_told_when_to_come_again(tmp_path: Path) -> None:
    base = save_base("llama", tmp_path / "base")
    limits = Limits(cache_bytes=1 << 20, max_waiting=4)
    engine = LLMEngine(base, -1, 1, limits)
    started, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        started.set()
        assert go_on.wait(60)

    held = engine.run(hold)  # so that nothing is admitted meanwhile
    assert started.wait(60)
    own = [Ask(None, [5, 6], 2) for _ in range(3)]
    for ask in own[:2]:
        engine.submit(ask.sequence)
    with pytest.raises(EngineError, match="try again in") as caught:
        engine.submit(own[2].sequence)
    assert (caught.value.status, caught.value.code) == (429, "engine_busy")
    assert caught.value.detail["retryAfter"] >= 1
    go_on.set()
    held.result(60)
    assert [len(ask.answer()) for ask in own[:2]] == [2, 2]
    engine.submit(own[2].sequence)
    assert len(own[2].answer()) == 2
    engine.close()


def test_what_cannot_be_loaded_fails_alone(tmp_path: Path) -> None:
    base = save_base("llama", tmp_path / "base")
    store = AdapterStore(tmp_path / "store")
    save_adapter(base, base.model, tmp_path / "large", 1, 30)
    large = Choice.one(store.put(tmp_path / "large"))
    limits = Limits(cache_bytes=1 << 20, slot_bytes=1 << 16)
    engine = LLMEngine(base, -1, 1, limits, AdapterCache(store, base, 1 << 24))
    missing = Ask(Choice.one("0x" + "ab" * 32), [5, 6])
    too_large, fine = Ask(large, [5, 6]), Ask(None, [5, 6])
    for ask in (missing, too_large, fine):
        engine.submit(ask.sequence)
    assert [ask.wait()[1]["error"]["code"] for ask in (missing, too_large)] == [
        "adapter_not_found",
        "adapter_too_large",
    ]
    assert len(fine.answer()) == ANSWER
    with pytest.raises(EngineError, match="shorten the prompt") as caught:
        engine.submit(Ask(None, range(1, 50), 1 << 20).sequence)
    assert caught.value.code == "context_length_exceeded"
    assert engine.load()["active"] == engine.load()["waiting"] == 0
    engine.close()


def test_a_step_that_fails_takes_no_later_request_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = save_base("llama", tmp_path / "base")
    engine = LLMEngine(base, -1, 1, SMALL)
    first, second = Ask(None, [5, 6], 30), Ask(None, [5, 6])
    schedule, calls = Scheduler.schedule, itertools.count()

    def fail_once(self: Scheduler) -> list[Chunk]:
        if next(calls) == 3:
            raise ZeroDivisionError
        return schedule(self)

    monkeypatch.setattr(Scheduler, "schedule", fail_once)
    engine.submit(first.sequence)
    kind, data = first.wait()
    assert (kind, data["error"]["code"]) == ("error", "generation_failed")
    engine.submit(second.sequence)
    assert len(second.answer()) == ANSWER
    engine.close()


def test_budgets_are_given_in_mib() -> None:
    serve = ["serve", "--state", "s", "--models", "m"]
    asked = parser().parse_args([*serve, "--cache-mib", "3", "--slots-mib", "2"])
    assert (asked.cache_mib, asked.slots_mib, asked.adapters_mib) == (3 << 20, 2 << 20, 512 << 20)
    for wrong in ("0", "-1", "many"):
        with pytest.raises(SystemExit):
            parser().parse_args([*serve, "--cache-mib", wrong])
