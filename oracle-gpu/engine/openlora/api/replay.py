"""`POST /v1/replay`: whether this engine gives the same answer, token by token."""

from __future__ import annotations

import asyncio
from typing import Any

import torch

from openlora.api.runtime import Runtime
from openlora.api.schemas import ReplayBody
from openlora.engine.grounding import Grounding
from openlora.engine.replay import Asked, replay, spell
from openlora.rag.answer import Groups, measure
from openlora.rag.passages import find_piece


async def answer_replay(runtime: Runtime, body: ReplayBody) -> dict[str, Any]:
    """As docs/interfaces.md says; EngineError where adapter, tokens or passages are none of this engine's."""
    messages = [message.model_dump() for message in body.messages or []]
    prompt = body.promptTokenIds
    if prompt is None:
        prompt = await asyncio.to_thread(runtime.encode, messages)
    alone = len(prompt)
    given = [find_piece(quoted) for quoted in body.passages or []]
    layout = None
    if given:
        layout = await asyncio.to_thread(runtime.lay_out, messages, given)
        prompt = layout.tokens
    runtime.require_tokens(prompt, body.tokenIds)
    weights = await asyncio.to_thread(runtime.weights, body.adapter)
    asked = Asked(prompt, body.tokenIds, body.temperature, body.topP, body.seed)
    text, ends_at = spell(runtime.tokenizer, body.tokenIds, runtime.tokenizer.eos_token_id, body.stop)

    def run() -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        grounding = None if layout is None else Grounding(layout)
        tokens = replay(runtime.base, weights, asked, runtime.tokenizer, grounding)
        if grounding is None:
            return tokens, None
        with torch.no_grad(), runtime.base.switch.use(weights):
            *_, measured = measure(
                runtime.base, runtime.tokenizer, grounding, Groups.of(given), body.tokenIds, text
            )
        return tokens, measured

    tokens, measured = await asyncio.wrap_future(runtime.engine.run(run))
    return {
        "promptTokenIds": prompt,
        "promptTokens": alone,
        "text": text,
        "endsAt": ends_at,
        "tokens": tokens,
        "passages": measured,
    }
