"""Routes of evaluations: asked for, followed."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field, field_validator

from openlora.api.runtime import get_runtime
from openlora.evaluation.command import MOST_TOKENS
from openlora.evaluation.items import MOST_ITEMS
from openlora.evaluation.report import MOST_MODELS
from openlora.train.rows import make_examples
from openlora.train.spec import Hash, Record, Strict

router = APIRouter(prefix="/v1")


class EvaluateBody(Strict):
    """`adapters` are measured beside the base, in this order."""

    adapters: list[Hash] = Field(max_length=MOST_MODELS - 1)
    items: list[Record] = Field(min_length=1, max_length=MOST_ITEMS)
    maxTokens: int = Field(default=128, ge=1, le=MOST_TOKENS)

    @field_validator("items")
    @classmethod
    def _once(cls, value: list[Record]) -> list[Record]:
        if len({item.recordId for item in value}) < len(value):
            raise ValueError("an item counts once: one is listed twice")
        return value

    @field_validator("adapters")
    @classmethod
    def _named_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("an adapter is named once")
        return value


@router.post("/evaluations", status_code=202)
async def create(body: EvaluateBody, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    for adapter in body.adapters:
        runtime.store.folder(adapter)  # 404 at once
    plain = [item.plain for item in body.items]
    await asyncio.to_thread(make_examples, runtime.tokenizer, plain, runtime.info.context_length)
    return await asyncio.to_thread(runtime.evaluations.submit, body.adapters, body.items, body.maxTokens)


@router.get("/evaluations/{id}")
async def status(id: str, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).evaluations.status, id)
