"""Routes of adapters that are not trained here: imported, or merged of others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from openlora.adapters.importer import import_adapter
from openlora.adapters.merge import MOST_PARENTS, Merge, Parent, Recipe, merge_adapters
from openlora.adapters.source import FolderSource, Source, parse_source
from openlora.api.runtime import Runtime, get_runtime
from openlora.config import MAX_IMPORTED_RANK
from openlora.errors import EngineError
from openlora.train.spec import Hash, Strict

router = APIRouter(prefix="/v1")
_one_at_a_time = asyncio.Lock()  # each loads the base once more


class ImportBody(Strict):
    source: Annotated[str, Field(min_length=1, max_length=512)]
    digest: Hash | None = None
    trainedOn: Annotated[str, Field(max_length=256)] | None = None


class ParentBody(Strict):
    adapter: Hash
    weight: float = Field(ge=-100, le=100, allow_inf_nan=False, strict=False)


class MergeBody(Strict):
    method: Merge
    parents: list[ParentBody] = Field(min_length=2, max_length=MOST_PARENTS)
    density: float = Field(default=0.5, gt=0, le=1, strict=False)
    rank: int | None = Field(default=None, ge=1, le=MAX_IMPORTED_RANK)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)

    @property
    def recipe(self) -> Recipe:
        parents = tuple(Parent(parent.adapter, parent.weight) for parent in self.parents)
        return Recipe(self.method, parents, self.density, self.rank, self.seed)


@router.post("/adapters/import", status_code=201)
async def bring(body: ImportBody, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    source = _within(runtime, parse_source(body.source))
    async with _one_at_a_time:
        return await asyncio.to_thread(
            import_adapter,
            source,
            body.source,
            runtime.store,
            runtime.info,
            runtime.tokenizer,
            runtime.device,
            runtime.config.sources,
            body.digest,
            body.trainedOn,
        )


@router.post("/adapters/merge", status_code=201)
async def merge(body: MergeBody, request: Request) -> dict[str, Any]:
    store = get_runtime(request).store
    async with _one_at_a_time:
        return await asyncio.to_thread(merge_adapters, body.recipe, store)


def _within(runtime: Runtime, source: Source) -> Source:
    """A request may name no other folder of this machine than those in the state's `imports`."""
    if not isinstance(source, FolderSource):
        return source
    root = runtime.config.imports.resolve()
    path = (root / source.path).resolve()
    if not path.is_relative_to(root) or path == root:
        message = f"A folder must lie in {root}: put the adapter there, or use `openlora adapter import`."
        raise EngineError(403, "source_refused", message)
    return FolderSource(Path(path))
