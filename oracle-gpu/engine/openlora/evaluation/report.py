"""Several adapters and their base on the same questions, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.errors import EngineError
from openlora.evaluation.items import commitment
from openlora.evaluation.scores import is_exact, rouge_l
from openlora.models.base import BaseInfo, BaseModel
from openlora.ops.lora import LoraPair, fit
from openlora.train.evaluate import answers, evaluate
from openlora.train.examples import Example
from openlora.train.rows import make_examples
from openlora.train.spec import Record

BATCH = 8  # answers made at once
MOST_MODELS = 8


def compare(
    base: BaseModel,
    info: BaseInfo,
    tokenizer: Any,
    store: AdapterStore,
    adapters: Sequence[str],
    items: Sequence[Record],
    max_tokens: int,
    salt: bytes | None = None,
) -> dict[str, Any]:
    """The report: of base and adapters loss, perplexity, exact match and ROUGE-L, and every answer.

    `loss` is in nats for each token of the references, `perplexity` its exponential; answers are greedy, of
    at most `max_tokens`. EngineError 400 for an item that cannot be rendered, 404 or 409 for an adapter.
    """
    examples = make_examples(tokenizer, [item.plain for item in items], info.context_length)
    models, texts = [], []
    for adapter, weights in loaded(base, store, adapters):
        with base.switch.use(weights):
            found, given = _measure(base, tokenizer, examples, max_tokens)
        models.append({"adapter": adapter, **found})
        texts.append(given)
    rows = [
        {
            "recordId": example.record_id,
            "prompt": example.messages[-2]["content"] if len(example.messages) > 1 else "",
            "reference": example.messages[-1]["content"],
            "answers": [given[i] for given in texts],  # in the order of `models`
        }
        for i, example in enumerate(examples)
    ]
    return {
        "baseModel": info.id,
        "items": len(items),
        "commitment": None if salt is None else commitment(items, salt),
        "maxTokens": max_tokens,
        "models": models,
        "rows": rows,
    }


def loaded(
    base: BaseModel, store: AdapterStore, adapters: Sequence[str]
) -> list[tuple[str | None, dict[str, LoraPair]]]:
    """The base by itself, and each adapter's weights as its layers use them; EngineError 400, 404 or 409."""
    if len(set(adapters)) < len(adapters) or len(adapters) >= MOST_MODELS:
        message = f"Name at most {MOST_MODELS - 1} adapters, each once."
        raise EngineError(400, "invalid_request", message)
    found: list[tuple[str | None, dict[str, LoraPair]]] = [(None, {})]
    for id in adapters:
        stored = read_adapter(store.folder(id), id)
        found.append((id, fit(stored.weights, base.switch, base.dtype, base.device)))
    return found


def _measure(
    base: BaseModel, tokenizer: Any, examples: list[Example], max_tokens: int
) -> tuple[dict[str, float], list[str]]:
    measured = evaluate(base.model, examples, tokenizer.pad_token_id, base.device, nullcontext())
    assert measured is not None
    texts: list[str] = []
    for start in range(0, len(examples), BATCH):
        part = examples[start : start + BATCH]
        texts += answers(base.model, tokenizer, part, base.device, nullcontext(), max_tokens)
    references = [example.messages[-1]["content"] for example in examples]
    pairs = list(zip(texts, references, strict=True))
    found = {
        "loss": measured.loss,
        "perplexity": math.exp(min(measured.loss, 700.0)),  # beyond that it is no finite number
        "exactMatch": sum(is_exact(*pair) for pair in pairs) / len(pairs),
        "rougeL": sum(rouge_l(*pair) for pair in pairs) / len(pairs),
    }
    return found, texts
