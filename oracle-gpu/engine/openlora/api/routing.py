"""Routes of the router: what adapters are about, and which of them a question is for."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from openlora import config
from openlora.api.runtime import get_runtime
from openlora.routing.spec import ChooseBody, RouteBody

router = APIRouter(prefix="/v1/routes")
Key = Annotated[str, Path(pattern=config.KEY)]


@router.put("/{key}")
async def put(key: Key, body: RouteBody, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).routes.put, key, body.texts)


@router.delete("/{key}")
async def delete(key: Key, request: Request) -> dict[str, Any]:
    return {"key": key, "deleted": await asyncio.to_thread(get_runtime(request).routes.delete, key)}


@router.get("")
async def routes(request: Request) -> list[dict[str, Any]]:
    return await asyncio.to_thread(get_runtime(request).routes.facts)


@router.post("/choose")
async def choose(body: ChooseBody, request: Request) -> dict[str, Any]:
    """As docs/interfaces.md says; EngineError 503 where no embedding model is set up."""
    return await asyncio.to_thread(get_runtime(request).routes.choose, body.keys, body.query)
