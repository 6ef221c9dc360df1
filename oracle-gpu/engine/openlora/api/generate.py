"""`POST /v1/generate`: an answer as it is made, from passages where some are given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from openlora.api.runtime import Runtime
from openlora.api.schemas import GenerateBody
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.grounding import Grounding, read_parts
from openlora.engine.logprobs import Logprobs
from openlora.engine.sequence import Sequence
from openlora.rag.answer import Groups, measure
from openlora.rag.prompt import Layout
from openlora.rag.spec import GivenPassage


async def start_generation(runtime: Runtime, body: GenerateBody) -> AsyncIterator[str]:
    """Refuse what cannot be answered, then hand back the stream of events."""
    prompt = await asyncio.to_thread(runtime.read, body.messages, body.prompt)
    runtime.require_vocabulary(body.sampling.logit_bias)
    layout = None
    if body.passages is not None:
        messages = [message.model_dump() for message in body.messages or []]
        layout = await asyncio.to_thread(runtime.lay_out, messages, body.passages)
        prompt = layout.tokens
    guide = None if body.format is None else await asyncio.to_thread(body.format.guide, runtime.vocabulary)
    await asyncio.to_thread(runtime.require_adapters, body.choice)
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def emit(kind: str, data: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(events.put_nowait, (kind, data))

    taken = len(prompt) if layout is None else layout.size
    sequence = Sequence(
        prompt=prompt,
        max_tokens=min(body.maxTokens, runtime.info.context_length - taken),
        sampling=body.sampling,
        adapter=body.choice,
        detokenizer=Detokenizer(runtime.tokenizer, body.stop),
        emit=emit,
        guide=guide,
        logprobs=None if body.logprobs is None else Logprobs(runtime.vocabulary, body.logprobs),
    )
    if layout is not None and body.passages is not None:
        ground(runtime, sequence, layout, body.passages)
    runtime.engine.submit(sequence)

    async def stream() -> AsyncIterator[str]:
        outcome, generated = "cancelled", 0
        try:
            while True:
                kind, data = await events.get()
                if kind == "token":
                    generated += 1
                else:
                    outcome = data["finishReason"] if kind == "done" else "failed"
                yield f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
                if kind != "token":
                    return
        finally:  # also when the caller goes away
            sequence.cancel()
            runtime.metrics.answered(sequence.tenant, len(prompt), generated, outcome)

    return stream()


def ground(runtime: Runtime, sequence: Sequence, layout: Layout, passages: list[GivenPassage]) -> None:
    """Make the sequence read the passages apart and measure, after its last token, what they did."""
    grounding, groups = Grounding(layout), Groups.of(passages)
    sequence.grounding = grounding
    sequence.preparing = read_parts(runtime.base, grounding)
    sequence.measure = lambda tokens, text: measure(
        runtime.base, runtime.tokenizer, grounding, groups, tokens, text
    )
