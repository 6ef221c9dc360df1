"""Routes of what trainings need: of one plan, and of each kind on this base."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from openlora.api.runtime import Runtime, get_runtime
from openlora.api.train import prepare
from openlora.errors import EngineError
from openlora.models.quantise import require_quantisable
from openlora.train.estimate import estimate, kinds
from openlora.train.samples import samples
from openlora.train.spec import Plan

router = APIRouter(prefix="/v1")


@router.post("/estimate")
async def cost(body: Plan, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(_cost, get_runtime(request), body)


@router.get("/training")
async def training(request: Request) -> dict[str, Any]:
    """What a training of each kind that the base allows needs, in the same settings for all bases."""
    return await asyncio.to_thread(_training, get_runtime(request))


def _cost(runtime: Runtime, plan: Plan) -> dict[str, Any]:
    parts = prepare(runtime, plan)
    architecture = runtime.base.model.config.to_dict()
    found = estimate(plan, parts, runtime.info, runtime.config.state, runtime.device, architecture)
    return {**found, "samples": samples(runtime.tokenizer, plan.records, parts.train, plan.training)}


def _training(runtime: Runtime) -> dict[str, Any]:
    architecture = runtime.base.model.config.to_dict()
    found = kinds(runtime.info, runtime.config.state, runtime.device, architecture)
    try:
        require_quantisable(runtime.base.switch.layers, runtime.info.family)
    except EngineError:
        del found["kinds"]["qlora"]
    return found
