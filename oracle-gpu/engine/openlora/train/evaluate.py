"""How well a model answers held-out records: loss, exact match, and answers to look at."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from openlora.train.data import collate
from openlora.train.examples import Example
from openlora.train.losses import per_record, token_losses
from openlora.train.templates import encode_prompt

EVALUATION_BATCH = 16
SAMPLE_TOKENS = 40
SAMPLES = 4


@dataclass(frozen=True)
class Measure:
    loss: float  # nats per trained token
    exact: int  # records whose greedy answer is the reference, token for token
    records: int


def evaluate(
    model: Any,
    examples: Sequence[Example],
    pad: int,
    device: torch.device,
    precision: AbstractContextManager[Any],
) -> Measure | None:
    """Teacher-forced measure over `examples`; None when there are none.

    A greedy answer equals the reference exactly when every reference token is the likeliest one.
    """
    if not examples:
        return None
    ordered = sorted(examples, key=lambda example: len(example.tokens))
    loss, tokens, exact = 0.0, 0, 0
    for start in range(0, len(ordered), EVALUATION_BATCH):
        batch = collate(ordered[start : start + EVALUATION_BATCH], pad, device)
        with torch.no_grad(), precision:
            losses, right = token_losses(model, batch)
        loss += float(losses.sum())
        tokens += len(losses)
        wrong = per_record((~right).float(), batch)
        exact += int((wrong == 0).sum())
    return Measure(loss / tokens, exact, len(ordered))


def answers(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    device: torch.device,
    precision: AbstractContextManager[Any],
    max_tokens: int = SAMPLE_TOKENS,
) -> list[str]:
    """Greedy answers to the records' last questions, all at once."""
    if not examples:
        return []
    prompts = [encode_prompt(tokenizer, example.messages[:-1]) for example in examples]
    length = max(len(prompt) for prompt in prompts)
    end = tokenizer.eos_token_id
    ids = torch.full((len(prompts), length), end)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):  # padded at the left: all answers begin together
        ids[row, length - len(prompt) :] = torch.tensor(prompt)
        mask[row, length - len(prompt) :] = 1
    with torch.no_grad(), precision:
        out = model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=end,
        )
    texts: list[str] = tokenizer.batch_decode(out[:, length:], skip_special_tokens=True)
    return texts


def sample_rows(
    examples: Sequence[Example], now: Sequence[str], before: Sequence[str] | None
) -> list[dict[str, str]]:
    """Prompt, reference and answer side by side, with the base's answer once there is another."""
    rows = []
    for i, example in enumerate(examples):
        row = {
            "prompt": example.messages[-2]["content"] if len(example.messages) > 1 else "",
            "reference": example.messages[-1]["content"],
            "answer": now[i],
        }
        rows.append(row if before is None else {**row, "base": before[i]})
    return rows
