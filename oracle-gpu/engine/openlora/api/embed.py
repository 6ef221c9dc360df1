"""`POST /v1/embed`: texts as vectors of meaning."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from openlora.api.runtime import get_runtime
from openlora.train.spec import Strict

router = APIRouter(prefix="/v1")


class EmbedBody(Strict):
    texts: list[Annotated[str, Field(max_length=65_536)]] = Field(min_length=1, max_length=256)


@router.post("/embed")
async def embed(body: EmbedBody, request: Request) -> dict[str, Any]:
    """As docs/interfaces.md says; EngineError 503 where no embedding model is set up."""
    embedder = await asyncio.to_thread(get_runtime(request).embedder)
    found = await asyncio.to_thread(embedder.embed, body.texts)
    return {
        "model": embedder.name,
        "dimensions": embedder.dimensions,
        "embeddings": found.tolist(),
        "tokens": await asyncio.to_thread(embedder.count_tokens, body.texts),
    }
