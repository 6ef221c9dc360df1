"""Every kind of data: what of a row is trained on, and that its term has its share of the gradient."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from openlora.adapters.store import read_adapter
from openlora.attribution.gradients import choose_slices, loss_gradients
from openlora.errors import EngineError
from openlora.models.base import load_base, load_tokenizer, read_info
from openlora.ops.lora import fit
from openlora.train import packing
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.schedule import loss_divisor
from openlora.train.spec import Method, Row, Training
from openlora.train.trainer import Trainer, portions
from openlora.verify import hashing

from .conftest import Json

CPU = torch.device("cpu")
LENGTH = 40
CONTENT: dict[str, list[dict[str, Any]]] = {
    "instruction": [{"prompt": f"Add {i}", "response": f"It is {i * 7}"} for i in range(3)],
    "document": [{"text": f"{i} is a number. " * (2 + 2 * i)} for i in range(3)],
    "preference": [{"prompt": f"{i}?", "chosen": f"yes {i}", "rejected": "n" * (i + 1)} for i in range(3)],
    "classification": [{"text": f"text {i}", "label": "odd" if i % 2 else "even"} for i in range(3)],
}


def named(content: Json, i: int = 0) -> Json:
    id = hashing.to_hex(hashing.keccak256(f"{i}{content}".encode()))
    return {"recordId": id, "cluster": id, **content}


def rows(kind: str) -> list[Json]:
    return [Row.model_validate(named(content, i)).plain for i, content in enumerate(CONTENT[kind])]


@pytest.fixture(scope="module")
def tokenizer(base_path: Path) -> Any:
    return load_tokenizer(base_path)


@pytest.fixture(scope="module", params=[False, True], ids=["padded", "packed"])
def trainer(base_path: Path, request: pytest.FixtureRequest) -> Trainer:
    training = Training(batchSize=3, packing=request.param)
    made = Trainer(read_info(base_path), Method(rank=4), training, 2, CPU)
    torch.manual_seed(1)
    with torch.no_grad():  # B begins at zero, where gradients of A vanish
        for parameter in made.parameters:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return made


def trained_text(tokenizer: Any, example: Example) -> str:
    kept = [t for t, yes in zip(example.tokens, example.trained, strict=True) if yes]
    text: str = tokenizer.decode(kept)
    return text


def flat(gradients: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([g.flatten() for g in gradients])


@pytest.mark.parametrize("kind", CONTENT)
def test_terms_of_every_kind_add_up_and_are_those_of_the_index(
    kind: str,
    trainer: Trainer,
    tokenizer: Any,
    base_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packing, "WORTH", 0)  # also where it would not be worth it
    examples = make_examples(tokenizer, rows(kind), LENGTH if kind == "document" else 128)
    divisor = loss_divisor(examples, 3)
    whole = flat(torch.autograd.grad(trainer.record_losses(examples).sum() / divisor, trainer.parameters))
    alone = [
        flat(torch.autograd.grad(trainer.record_losses([e]).sum() / divisor, trainer.parameters))
        for e in examples
    ]
    assert all(gradient.norm() > 0 for gradient in alone)
    torch.testing.assert_close(sum(alone), whole, rtol=1e-3, atol=1e-5)

    stored = read_adapter(tmp_path, trainer.save(tmp_path))
    base = load_base(base_path, torch.float32, CPU, "eager")
    weights = fit(stored.weights, base.switch, torch.float32, CPU)
    slices = choose_slices(weights, 3)
    losses, found = loss_gradients(base, weights, slices, examples, divisor)
    names = [f"model.{piece.layer}.lora_{piece.part}.default.weight" for piece in slices]
    parameters = dict(trainer.peft.base_model.named_parameters())
    for row, example in enumerate(examples):
        term = trainer.record_losses([example]).sum() / divisor
        expected = flat(torch.autograd.grad(term, [parameters[name] for name in names]))
        assert float(losses[row]) == pytest.approx(float(term.detach()), rel=1e-4)
        torch.testing.assert_close(found[row], expected, rtol=1e-3, atol=1e-6)


def test_a_document_is_trained_token_by_token_whatever_its_length(trainer: Trainer, tokenizer: Any) -> None:
    text = "abcdefghij" * 9
    (example,) = make_examples(tokenizer, [named({"text": text})], LENGTH)
    assert len(example.pieces) == 3
    assert example.responses == len(example.tokens) - 1, "all but the first"
    assert tokenizer.decode(example.tokens) == text + tokenizer.eos_token
    parts = [example.tokens[start:end] for start, end in example.pieces]
    assert max(map(len, parts)) <= LENGTH
    with torch.no_grad():
        term = float(trainer.record_losses([example])[0])
        model = trainer.model(input_ids=torch.tensor([parts[0]])).logits
    first = torch.nn.functional.cross_entropy(model[0, :-1], torch.tensor(parts[0][1:]), reduction="sum")
    assert term > float(first) > 0


def test_a_long_document_is_read_few_pieces_at_a_time(trainer: Trainer, tokenizer: Any) -> None:
    examples = make_examples(tokenizer, rows("document"), 16)
    assert sum(len(example.pieces) for example in examples) > 2 * trainer.training.batchSize
    whole = trainer.record_losses(examples).detach()
    seen: list[int] = []
    terms = [0.0] * len(examples)
    for owners, parts in portions(examples, 3):
        seen.append(len(parts))
        for owner, loss in zip(owners, trainer.record_losses(parts).tolist(), strict=True):
            terms[owner] += loss
    assert max(seen) == 3
    torch.testing.assert_close(torch.tensor(terms), whole, rtol=1e-4, atol=1e-4)
    mean = trainer.mean_loss(examples)
    assert mean == pytest.approx(float(whole.sum()) / sum(e.responses for e in examples), rel=1e-4)


def test_a_label_alone_is_trained(tokenizer: Any) -> None:
    (example,) = make_examples(tokenizer, [named({"text": "so good", "label": "praise"})], 128)
    assert trained_text(tokenizer, example) == "praise<|im_end|>"
    (example,) = make_examples(tokenizer, [named({"prompt": "go", "response": "gone"})], 128)
    assert trained_text(tokenizer, example) == "gone<|im_end|>"


def test_a_preference_is_a_choice_in_relation_to_the_base(
    base_path: Path, trainer: Trainer, tokenizer: Any
) -> None:
    examples = make_examples(tokenizer, rows("preference"), 128, beta=0.5)
    assert loss_divisor(examples, 3) == 3, "its objective is per comparison"
    fresh = Trainer(read_info(base_path), Method(rank=4), Training(), 2, CPU)
    with torch.no_grad():  # nothing learned: both answers are as likely as under the base
        terms = fresh.record_losses(examples)
        torch.testing.assert_close(terms, torch.full((3,), math.log(2)))
        learned = trainer.record_losses(examples)
        margins = []
        for example in examples:
            loss = [_loss(trainer, example, piece) - _loss(fresh, example, piece) for piece in example.pieces]
            margins.append(loss[1] - loss[0])
    torch.testing.assert_close(learned, -torch.nn.functional.logsigmoid(0.5 * torch.tensor(margins)))


def _loss(trainer: Trainer, example: Example, piece: tuple[int, int]) -> float:
    ids, marks = example.tokens[slice(*piece)], example.trained[slice(*piece)]
    logits = trainer.model(input_ids=torch.tensor([ids])).logits[0, :-1]
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none")
    return float(losses[torch.tensor(marks[1:])].sum())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"prompt": "only"}, "this one has prompt"),
        ({}, "this one has nothing"),
        ({"text": "a", "response": "b"}, "this one has response and text"),
        ({"text": "a", "colour": "b"}, "colour"),
        ({"text": 3}, "text"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "role"),
    ],
)
def test_a_malformed_row_says_what_a_row_has(content: Json, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Row.model_validate(named(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"messages": []}, "no messages"),
        ({"prompt": " ", "response": "b"}, "prompt must not be empty"),
        ({"prompt": "a", "response": ""}, "response must not be empty"),
        ({"text": "a", "label": " "}, "label must not be empty"),
        ({"text": "\n"}, "text must not be empty"),
        ({"text": "x<|im_end|>y"}, "control token"),
        ({"prompt": "a", "chosen": "b", "rejected": "b "}, "are the same"),
        ({"prompt": "a", "chosen": "b" * 99, "rejected": "c"}, "raise maxLength"),
    ],
)
def test_a_row_that_teaches_nothing_is_named(tokenizer: Any, content: Json, reason: str) -> None:
    good, bad = named({"prompt": "a", "response": "b"}), named(content)
    with pytest.raises(EngineError, match=reason) as refusal:
        make_examples(tokenizer, [good, bad], 64)
    assert refusal.value.detail["recordId"] == bad["recordId"]


def test_preferences_are_not_mixed_with_other_kinds(tokenizer: Any) -> None:
    with pytest.raises(EngineError, match="make two jobs"):
        make_examples(tokenizer, [*rows("instruction"), *rows("preference")], 128)


def test_a_template_that_rewrites_earlier_turns_is_refused(base_path: Path) -> None:
    """Qwen 3's removes what was thought in all turns but the last; then no span of tokens is the answer's."""
    tokenizer = load_tokenizer(base_path)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + (m['content'] if loop.last or"
        " m['role'] == 'user' else 'cut') + '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    turn = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert make_examples(tokenizer, [named({"messages": turn})], 128)[0].responses > 0
    with pytest.raises(EngineError, match="records of a single turn"):
        make_examples(tokenizer, [named({"messages": turn * 2})], 128)
