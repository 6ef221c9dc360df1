"""Text comes out whole, and a request sees its own adapter and no other."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict

from openlora.adapters.cache import AdapterCache, Choice
from openlora.adapters.store import AdapterStore, write_adapter
from openlora.engine.chooser import Chooser
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.llm_engine import LLMEngine
from openlora.engine.sampling import Sampling
from openlora.engine.sequence import Sequence
from openlora.models.base import load_base, load_plain, load_tokenizer
from openlora.models.tiny import tiny_tokenizer

CPU = torch.device("cpu")


def make_adapter(base_path: Path, folder: Path, seed: int, rank: int) -> str:
    """A random adapter made by PEFT, B not zero."""
    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(load_plain(base_path, torch.float32, CPU, "sdpa"), config)
    tensors = {
        name: torch.randn_like(tensor) * 0.2 for name, tensor in get_peft_model_state_dict(model).items()
    }
    plain = {key: getattr(value, "value", value) for key, value in config.to_dict().items()}
    plain["target_modules"] = sorted(model.peft_config["default"].target_modules)
    return write_adapter(folder, tensors, plain)


def peft_answer(base_path: Path, folder: Path | None, prompt: list[int], count: int) -> list[int]:
    model: Any = load_plain(base_path, torch.float32, CPU, "sdpa")
    if folder is not None:
        model = PeftModel.from_pretrained(model, folder).eval()
    tokens = list(prompt)
    with torch.no_grad():
        for _ in range(count):  # no cache: the plainest reference there is
            logits = model(input_ids=torch.tensor([tokens])).logits
            tokens.append(int(logits[0, -1].argmax()))
    return tokens[len(prompt) :]


def test_two_adapters_and_none_at_once_equal_peft_per_request(base_path: Path, tmp_path: Path) -> None:
    store = AdapterStore(tmp_path / "store")
    made = [make_adapter(base_path, tmp_path / str(i), seed=i, rank=4 * i) for i in (1, 2)]
    base = load_base(base_path, torch.float32, CPU)
    adapters = AdapterCache(store, base, 1 << 30)
    tokenizer = load_tokenizer(base_path)
    references: dict[str | None, list[int]] = {None: peft_answer(base_path, None, [5, 6, 7], 12)}
    for i, id in enumerate(made, start=1):
        references[id] = peft_answer(base_path, tmp_path / str(i), [5, 6, 7], 12)
        assert store.put(tmp_path / str(i)) == id
    assert len({tuple(tokens) for tokens in references.values()}) == 3, "the adapters must matter"

    engine = LLMEngine(base, end_token=-1, threads=1, adapters=adapters)
    finished: dict[str | None, queue.Queue[list[int]]] = {id: queue.Queue() for id in references}

    def request(id: str | None) -> Sequence:
        def emit(kind: str, data: dict[str, Any]) -> None:
            if kind != "token":
                finished[id].put(data["tokenIds"])

        choice = None if id is None else Choice.one(id)
        return Sequence([5, 6, 7], 12, Sampling(), choice, Detokenizer(tokenizer, []), emit)

    for each in references:
        engine.submit(request(each))
    for each, reference in references.items():
        assert finished[each].get(timeout=60) == reference
    engine.close()


def push_all(detokenizer: Detokenizer, tokens: list[int]) -> list[str]:
    pieces = []
    for token in tokens:
        pieces.append(detokenizer.push(token))
        if detokenizer.stopped:
            break
    return [*pieces, detokenizer.finish()]


@pytest.mark.parametrize("text", ["naïve café", "排入佇列。好", "a👩‍🚀b\n\tc", "plain"])
def test_a_piece_never_splits_a_character(text: str) -> None:
    tokenizer = tiny_tokenizer()  # one token per byte
    pieces = push_all(Detokenizer(tokenizer, []), tokenizer(text)["input_ids"])
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_stop_strings_are_never_shown_even_across_tokens() -> None:
    tokenizer = tiny_tokenizer()
    detokenizer = Detokenizer(tokenizer, ["END", "Q:"])
    pieces = push_all(detokenizer, tokenizer("one EN two END three")["input_ids"])
    assert "".join(pieces) == detokenizer.text == "one EN two "
    assert detokenizer.stopped
    for i in range(len(pieces)):
        assert "END" not in "".join(pieces[: i + 1])


def test_what_looked_like_a_stop_string_is_shown_when_it_was_none() -> None:
    tokenizer = tiny_tokenizer()
    pieces = push_all(Detokenizer(tokenizer, ["END"]), tokenizer("the EN")["input_ids"])
    assert "".join(pieces) == "the EN"


def test_sampling() -> None:
    logits = torch.tensor([1.0, 3.0, 2.0, -1.0])

    def draw(temperature: float, top_p: float, seed: int) -> list[int]:
        chooser = Chooser(Sampling(temperature, top_p, seed), [])
        return [chooser.choose(logits) for _ in range(200)]

    assert set(draw(0.0, 1.0, 0)) == {1}
    assert draw(1.0, 1.0, 4) == draw(1.0, 1.0, 4) != draw(1.0, 1.0, 5)
    assert set(draw(1.0, 0.7, 0)) == {1, 2}, "0.64 + 0.24 reach 0.7 with two tokens"
    assert set(draw(1.0, 1e-9, 0)) == {1}
    assert set(draw(2.0, 1.0, 0)) == {0, 1, 2, 3}
