"""Records of a training job: checked, rendered, split and batched."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from openlora.errors import EngineError
from openlora.train.templates import render_record

BUCKET_BATCHES = 8  # batches drawn together and sorted by length, so that little is padding


class Marked(Protocol):
    """Tokens of one sequence and which of them are trained (have a loss)."""

    @property
    def tokens(self) -> Sequence[int]: ...

    @property
    def trained(self) -> Sequence[bool]: ...


@dataclass(frozen=True)
class Example:
    record_id: str
    cluster: str
    messages: Sequence[Mapping[str, str]]
    tokens: list[int]
    trained: list[bool]
    text: str
    spans: list[tuple[int, int]]

    @property
    def responses(self) -> int:
        """Tokens whose loss counts; the first token of a sequence can never be predicted."""
        return sum(self.trained[1:])


@dataclass(frozen=True)
class Split:
    train: list[Example]
    held_out: list[Example]


def make_examples(tokenizer: Any, records: Sequence[Mapping[str, Any]], max_length: int) -> list[Example]:
    """Render every record; EngineError 400 names the first that cannot be trained on, and why."""
    return [_example(tokenizer, record, max_length) for record in records]


def _example(tokenizer: Any, record: Mapping[str, Any], max_length: int) -> Example:
    name = record["recordId"]
    messages = record["messages"]
    if messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip():
        raise bad_record(name, "its last message must be the assistant's and not empty")
    try:
        rendered = render_record(tokenizer, messages)
    except EngineError as error:
        raise bad_record(name, error.message[0].lower() + error.message[1:].rstrip(".")) from error
    tokens, trained = rendered.tokens[:max_length], rendered.trained[:max_length]
    if not any(trained[1:]):
        reason = f"no token of its answer lies within maxLength {max_length}: raise maxLength"
        raise bad_record(name, reason)
    return Example(name, record["cluster"], messages, tokens, trained, rendered.text, rendered.spans)


def answered(
    tokenizer: Any,
    questions: Sequence[Sequence[Mapping[str, str]]],
    names: Sequence[str],
    answers: Sequence[str],
    max_length: int,
) -> list[Example]:
    """Each question with the answer given to it, as a record of that name; an empty answer becomes a dot."""
    rows = []
    for question, name, answer in zip(questions, names, answers, strict=True):
        messages = [*question, {"role": "assistant", "content": answer.strip() or "."}]
        rows.append({"recordId": name, "cluster": name, "messages": messages})
    return make_examples(tokenizer, rows, max_length)


def bad_record(record_id: str, reason: str) -> EngineError:
    message = f"Record {record_id} cannot be trained on: {reason}."
    return EngineError(400, "bad_record", message, recordId=record_id, reason=reason)


def split(examples: list[Example], held_out_every: int) -> Split:
    """Keep every n-th record out of training; 0 keeps none out."""
    if held_out_every == 0:
        return Split(examples, [])
    held = [e for i, e in enumerate(examples) if i % held_out_every == held_out_every - 1]
    train = [e for i, e in enumerate(examples) if i % held_out_every != held_out_every - 1]
    return Split(train, held)


def batches(examples: list[Example], size: int, seed: int, epoch: int) -> Iterator[list[Example]]:
    """Batches of one epoch in seeded order, each of similar lengths."""
    shuffler = random.Random(f"{seed}:{epoch}")
    order = list(examples)
    shuffler.shuffle(order)
    made: list[list[Example]] = []
    for start in range(0, len(order), size * BUCKET_BATCHES):
        bucket = sorted(order[start : start + size * BUCKET_BATCHES], key=lambda e: len(e.tokens))
        made += [bucket[at : at + size] for at in range(0, len(bucket), size)]
    shuffler.shuffle(made)
    yield from made


@dataclass(frozen=True)
class Batch:
    ids: Tensor  # [records, length], padded at the right
    targets: Tensor  # [trained tokens]
    rows: Tensor  # [trained tokens]: which record each target belongs to
    positions: Tensor  # [trained tokens]: the position whose logits predict it


def collate(examples: Sequence[Marked], pad: int, device: torch.device) -> Batch:
    """Padding lies behind every trained token, so causal attention needs no mask."""
    length = max(len(example.tokens) for example in examples)
    ids = torch.full((len(examples), length), pad, dtype=torch.long)
    rows: list[int] = []
    positions: list[int] = []
    targets: list[int] = []
    for row, example in enumerate(examples):
        ids[row, : len(example.tokens)] = torch.tensor(example.tokens)
        at = [i for i in range(1, len(example.tokens)) if example.trained[i]]
        rows += [row] * len(at)
        positions += [i - 1 for i in at]
        targets += [example.tokens[i] for i in at]
    return Batch(
        ids.to(device),
        torch.tensor(targets, device=device),
        torch.tensor(rows, device=device),
        torch.tensor(positions, device=device),
    )
