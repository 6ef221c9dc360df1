"""Routes of exports: asked for, followed, downloaded."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from openlora.adapters.store import WEIGHTS
from openlora.api.runtime import Runtime, get_runtime
from openlora.errors import EngineError
from openlora.export.card import Provenance
from openlora.export.run import FORMATS, Format, most_bytes
from openlora.train.spec import Hash, Strict

router = APIRouter(prefix="/v1")


class ExportBody(Strict):
    adapter: Hash
    format: Format
    provenance: Provenance = Provenance()


@router.get("/exports")
async def formats(adapter: Hash, request: Request) -> list[dict[str, Any]]:
    """What an adapter can be exported as, how large that is at most, and why it cannot."""
    return await asyncio.to_thread(_formats, get_runtime(request), adapter)


def _formats(runtime: Runtime, adapter: str) -> list[dict[str, Any]]:
    size = runtime.store.file(adapter, WEIGHTS).stat().st_size
    return [
        {
            "format": kind,
            "mostBytes": most_bytes(kind, runtime.info, size),
            "refused": runtime.gguf_refusal if kind.startswith("gguf") else None,
        }
        for kind in FORMATS
    ]


@router.post("/exports", status_code=202)
async def create(body: ExportBody, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    runtime.store.folder(body.adapter)  # 404 at once
    if body.format.startswith("gguf"):
        refusal = await asyncio.to_thread(lambda: runtime.gguf_refusal)
        if refusal is not None:
            raise EngineError(400, "gguf_unsupported", refusal)
    facts = body.provenance.model_dump()
    return await asyncio.to_thread(runtime.exports.submit, body.adapter, body.format, facts)


@router.get("/exports/{id}")
async def status(id: str, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).exports.status, id)


@router.get("/exports/{id}/files/{name}")
async def file(id: str, name: str, request: Request) -> FileResponse:
    path = await asyncio.to_thread(get_runtime(request).exports.file, id, name)
    return FileResponse(path, media_type="application/octet-stream", filename=name)
