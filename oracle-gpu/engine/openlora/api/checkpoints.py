"""Routes of a training's checkpoints: its adapter as it was after a step, to be asked before it is done."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from openlora.api.runtime import get_runtime
from openlora.train.kept import kept_adapter, kept_adapters

router = APIRouter(prefix="/v1")


@router.get("/jobs/{id}/checkpoints")
async def checkpoints(id: str, request: Request) -> list[dict[str, Any]]:
    folder = get_runtime(request).jobs.folder(id)
    found = await asyncio.to_thread(kept_adapters, folder)
    return [{"step": step, "adapter": digest} for step, (digest, _) in found.items()]


@router.post("/jobs/{id}/checkpoints/{step}/lend")
async def lend(id: str, step: int, request: Request) -> dict[str, Any]:
    """Answer with it under its digest while the job keeps it; it is not in the list of adapters."""
    runtime = get_runtime(request)
    adapter, place = await asyncio.to_thread(kept_adapter, runtime.jobs.folder(id), step)
    runtime.store.lend(adapter, place)
    return {"step": step, "adapter": adapter}
