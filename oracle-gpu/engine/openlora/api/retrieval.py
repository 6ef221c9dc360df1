"""Routes of retrieval: indexes of datanet versions, and searching them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from openlora import config
from openlora.api.runtime import Runtime, get_runtime
from openlora.errors import EngineError
from openlora.rag.spec import IndexBody, SearchBody, bad_record
from openlora.train.templates import refuse_control_tokens

router = APIRouter(prefix="/v1/retrieval")
Key = Annotated[str, Path(pattern=config.KEY)]


@router.put("/{key}")
async def put(key: Key, body: IndexBody, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    await asyncio.to_thread(check_records, runtime, body)
    return await asyncio.to_thread(runtime.retrieval.put, key, body.records)


@router.delete("/{key}")
async def delete(key: Key, request: Request) -> dict[str, Any]:
    return {"key": key, "deleted": await asyncio.to_thread(get_runtime(request).retrieval.delete, key)}


@router.get("")
async def indexes(request: Request) -> list[dict[str, Any]]:
    return await asyncio.to_thread(get_runtime(request).retrieval.facts)


@router.post("/search")
async def search(body: SearchBody, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).retrieval.search, body)


def check_records(runtime: Runtime, body: IndexBody) -> None:
    """EngineError 400 for a record that is too long or that the model could not be shown."""
    for record in body.records:
        if sum(len(message.content.encode()) for message in record.messages) > config.MAX_RECORD_BYTES:
            raise bad_record(record.recordId, f"it is longer than {config.MAX_RECORD_BYTES} bytes")
        try:
            shown = [*record.plain["messages"], {"content": record.source.title}]
            refuse_control_tokens(runtime.tokenizer, shown)
        except EngineError as error:
            raise bad_record(record.recordId, "it contains a control token of the base model") from error
