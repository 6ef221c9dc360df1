"""Routes of exports: asked for, followed, downloaded."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from openlora.api.runtime import get_runtime
from openlora.export.card import Provenance
from openlora.export.families import require_gguf
from openlora.export.run import Format
from openlora.train.spec import Hash, Strict

router = APIRouter(prefix="/v1")


class ExportBody(Strict):
    adapter: Hash
    format: Format
    provenance: Provenance = Provenance()


@router.post("/exports", status_code=202)
async def create(body: ExportBody, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    runtime.store.folder(body.adapter)  # 404 at once
    if body.format.startswith("gguf"):
        await asyncio.to_thread(require_gguf, runtime.info.path, runtime.tokenizer)
    facts = body.provenance.model_dump()
    return await asyncio.to_thread(runtime.exports.submit, body.adapter, body.format, facts)


@router.get("/exports/{id}")
async def status(id: str, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).exports.status, id)


@router.get("/exports/{id}/files/{name}")
async def file(id: str, name: str, request: Request) -> FileResponse:
    path = await asyncio.to_thread(get_runtime(request).exports.file, id, name)
    return FileResponse(path, media_type="application/octet-stream", filename=name)
