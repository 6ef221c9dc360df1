"""`POST /v1/replay`: whether this engine gives the same answer; `/v1/score`: how likely it finds a text."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import torch

from openlora.api.runtime import Runtime
from openlora.api.schemas import ReplayBody, ScoreBody
from openlora.engine.grounding import Grounding
from openlora.engine.logprobs import Logprobs
from openlora.engine.replay import Asked, replay, score, spell
from openlora.rag.answer import Groups, measure
from openlora.rag.passages import find_piece


async def answer_replay(runtime: Runtime, body: ReplayBody) -> dict[str, Any]:
    """As docs/interfaces.md says; EngineError where adapter, tokens or passages are none of this engine's."""
    prompt = body.promptTokenIds
    if prompt is None:
        prompt = await asyncio.to_thread(runtime.read, body.messages, body.prompt)
    alone = len(prompt)
    given = [find_piece(quoted) for quoted in body.passages or []]
    layout = None
    if given:
        messages = [message.model_dump() for message in body.messages or []]
        layout = await asyncio.to_thread(runtime.lay_out, messages, given)
        prompt = layout.tokens
    runtime.require_tokens(prompt, body.tokenIds)
    weights = await asyncio.to_thread(runtime.weights, body.adapter)
    runtime.require_vocabulary(body.sampling.logit_bias)
    guide = None if body.format is None else await asyncio.to_thread(body.format.guide, runtime.vocabulary)
    asked = Asked(prompt, body.tokenIds, body.sampling, guide)
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


async def answer_score(runtime: Runtime, body: ScoreBody) -> dict[str, Any]:
    """As docs/interfaces.md says; EngineError where prompt or adapter are none of this engine's."""
    prompt = await asyncio.to_thread(runtime.read, None, body.prompt, True)
    weights = await asyncio.to_thread(runtime.weights, body.adapter)
    logprobs = Logprobs(runtime.vocabulary, body.logprobs)
    run = partial(score, runtime.base, weights, prompt, logprobs)
    return {"promptTokenIds": prompt, "tokens": await asyncio.wrap_future(runtime.engine.run(run))}
