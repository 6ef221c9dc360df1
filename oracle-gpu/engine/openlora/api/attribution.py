"""The attribution of an answer over HTTP, and an answer's text as the tokens it is counted by."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

from openlora.api.reader import Reader
from openlora.api.runtime import Runtime
from openlora.api.schemas import AttributeBody, TokenizeBody
from openlora.engine.detokenizer import Detokenizer
from openlora.train.templates import refuse_control_tokens


async def answer_attribution(runtime: Runtime, body: AttributeBody) -> dict[str, Any]:
    """Who shaped an answer, and which of its segments.

    Each segment is a task of its own on the engine's thread, so that answers in the making go on between.
    """
    runtime.attributor.require_index(body.adapter)
    runtime.require_tokens(body.promptTokenIds, body.tokenIds)
    asked = (body.adapter, body.promptTokenIds, body.tokenIds)
    excluded = frozenset(body.excluded)
    attributor, run = runtime.attributor, runtime.engine.run
    await asyncio.to_thread(attributor.warm)
    found = await asyncio.wrap_future(run(lambda: attributor.attribute(*asked, body.top, excluded)))
    if body.segmentEnds is None:
        return found
    segments = list(itertools.pairwise([0, *body.segmentEnds]))
    projected = [
        await asyncio.wrap_future(run(partial(attributor.project, *asked, start, end)))
        for start, end in segments
    ]
    scores = attributor.divide(body.adapter, found, projected)
    listed = [
        {"start": start, "end": end, "scores": row}
        for (start, end), row in zip(segments, scores, strict=True)
    ]
    return {**found, "segments": listed}


def answer_tokenize(reader: Reader, body: TokenizeBody) -> dict[str, Any]:
    """Tokens of a prompt and, if asked for, of an answer with the text of each."""
    prompt = reader.read(body.messages, body.prompt)
    counted = {
        "promptTokens": len(prompt),
        "promptTokenIds": prompt,
        "contextLength": reader.info.context_length,
    }
    if body.answer is None and body.tokenIds is None:
        return counted
    tokens = body.tokenIds
    if tokens is None:
        refuse_control_tokens(reader.tokenizer, [{"role": "assistant", "content": body.answer or ""}])
        tokens = reader.tokenizer.encode(body.answer, add_special_tokens=False)
    reader.require_tokens(prompt, tokens)
    return {**counted, "tokenIds": tokens, "pieces": pieces_of(reader.tokenizer, tokens)}


def pieces_of(tokenizer: Any, tokens: Sequence[int]) -> list[str]:
    """The text that each token adds; together the answer's text. Empty while a character is incomplete."""
    detokenizer = Detokenizer(tokenizer, [])
    pieces = [detokenizer.push(token) for token in tokens]
    pieces[-1] += detokenizer.finish()
    return pieces
