"""`POST /v1/replay`: whether this engine gives the same answer, token by token."""

from __future__ import annotations

import asyncio
from typing import Any

from openlora.api.runtime import Runtime
from openlora.api.schemas import ReplayBody
from openlora.engine.replay import Asked, replay, spell


async def answer_replay(runtime: Runtime, body: ReplayBody) -> dict[str, Any]:
    """As docs/interfaces.md says; EngineError where adapter or tokens are none of this engine's."""
    prompt = body.promptTokenIds
    if prompt is None:
        messages = [message.model_dump() for message in body.messages or []]
        prompt = await asyncio.to_thread(runtime.encode, messages)
    runtime.require_tokens(prompt, body.tokenIds)
    weights = None
    if body.adapter is not None:
        switch = runtime.base.switch
        weights = await asyncio.to_thread(runtime.store.weights, body.adapter, switch)
    asked = Asked(prompt, body.tokenIds, body.temperature, body.topP, body.seed)
    running = runtime.engine.run(lambda: replay(runtime.base, weights, asked, runtime.tokenizer))
    text, ends_at = spell(runtime.tokenizer, body.tokenIds, runtime.tokenizer.eos_token_id, body.stop)
    return {
        "promptTokenIds": prompt,
        "text": text,
        "endsAt": ends_at,
        "tokens": await asyncio.wrap_future(running),
    }
