"""The converted SmolLM2: its tokens, its template, and that it speaks. Needs OPENLEDGER_MODELS."""

from __future__ import annotations

import os
import queue
from pathlib import Path
from typing import Any

import pytest
import torch

from openlora.engine.detokenizer import Detokenizer
from openlora.engine.llm_engine import LLMEngine
from openlora.engine.sampling import Sampling
from openlora.engine.sequence import Sequence
from openlora.errors import EngineError
from openlora.models.base import choose_dtype, find_base, load_base, load_tokenizer, read_info
from openlora.train.templates import encode_prompt

from .conftest import question

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def real() -> Path:
    try:
        return find_base(Path(os.environ.get("OPENLEDGER_MODELS", "/nonexistent")), "smollm2-135m-instruct")
    except EngineError:
        pytest.skip("OPENLEDGER_MODELS holds no smollm2-135m-instruct")


@pytest.mark.real_model
def test_digits_are_tokens_of_their_own_and_the_template_is_chatml(real: Path) -> None:
    tokenizer = load_tokenizer(real)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("a  5 in 2024")["input_ids"])
    assert tokens == ["a", "ĠĠ", "5", "Ġin", "Ġ", "2", "0", "2", "4"]
    prompt = encode_prompt(tokenizer, question("Hi"))
    text = tokenizer.decode(prompt)
    assert text.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    assert prompt.count(1) == 3, "system, user, assistant each open with one token"


@pytest.mark.real_model
def test_it_knows_the_capital_of_france(real: Path) -> None:
    info = read_info(real)
    tokenizer = load_tokenizer(real)
    assert (info.parameters, info.context_length, info.family) == (134_515_008, 8_192, "llama")
    base = load_base(real, choose_dtype("auto", CPU, info), CPU)
    engine = LLMEngine(base, tokenizer.eos_token_id, threads=2)
    done: queue.Queue[dict[str, Any]] = queue.Queue()

    def emit(kind: str, data: dict[str, Any]) -> None:
        if kind != "token":
            done.put(data)

    prompt = encode_prompt(tokenizer, question("What is the capital of France?"))
    engine.submit(Sequence(prompt, 24, Sampling(), None, Detokenizer(tokenizer, []), emit))
    answer = done.get(timeout=120)
    engine.close()
    assert "Paris" in answer["text"]
    assert answer["finishReason"] == "stop"
    assert answer["tokenIds"][-1] == tokenizer.eos_token_id
