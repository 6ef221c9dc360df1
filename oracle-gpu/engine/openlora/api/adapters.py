"""Routes of adapters that were trained elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from openlora.adapters.importer import import_adapter
from openlora.adapters.source import FolderSource, Source, parse_source
from openlora.api.runtime import Runtime, get_runtime
from openlora.errors import EngineError
from openlora.train.spec import Hash, Strict

router = APIRouter(prefix="/v1")
_one_at_a_time = asyncio.Lock()  # each loads the base once more


class ImportBody(Strict):
    source: Annotated[str, Field(min_length=1, max_length=512)]
    digest: Hash | None = None
    trainedOn: Annotated[str, Field(max_length=256)] | None = None


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
