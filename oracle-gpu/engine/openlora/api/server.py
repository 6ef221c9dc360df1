"""The HTTP interface of docs/interfaces.md, section Engine."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from openlora import __version__
from openlora.api.adapters import router as adapters_router
from openlora.api.attribution import answer_attribution, answer_tokenize
from openlora.api.checkpoints import router as checkpoints_router
from openlora.api.embed import router as embed_router
from openlora.api.estimate import router as estimate_router
from openlora.api.evaluate import router as evaluate_router
from openlora.api.export import router as export_router
from openlora.api.generate import start_generation
from openlora.api.replay import answer_replay, answer_score
from openlora.api.retrieval import router as retrieval_router
from openlora.api.routing import router as routing_router
from openlora.api.runtime import Runtime, get_runtime
from openlora.api.schemas import (
    AttributeBody,
    GenerateBody,
    PreviewBody,
    ReplayBody,
    ScoreBody,
    TokenizeBody,
)
from openlora.api.train import router as train_router
from openlora.attribution.preview import preview
from openlora.config import EngineConfig
from openlora.errors import EngineError
from openlora.models.base import find_base

log = logging.getLogger("openlora")
MAX_BODY = 32 * 1024 * 1024  # a job of 16 MiB of records, escaped
STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def create_app(config: EngineConfig) -> FastAPI:
    """The application; the model loads on a thread so that `/health` answers at once."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.runtime = app.state.failure = None
        threading.Thread(target=_load, args=(app, config), name="load", daemon=True).start()
        yield
        if app.state.runtime is not None:
            await asyncio.to_thread(app.state.runtime.close)

    app = FastAPI(title="openlora", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(train_router)
    app.include_router(estimate_router)
    app.include_router(adapters_router)
    app.include_router(checkpoints_router)
    app.include_router(evaluate_router)
    app.include_router(export_router)
    app.include_router(embed_router)
    app.include_router(retrieval_router)
    app.include_router(routing_router)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        runtime = app.state.runtime
        if runtime is not None:
            found: dict[str, Any] = runtime.health()
            return found
        failure = app.state.failure
        return {"status": "loading", "engine": __version__, **({"error": failure} if failure else {})}

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        runtime = get_runtime(request)
        load = runtime.engine.load()
        text = runtime.metrics.text(load["active"], load["waiting"], runtime.memory())
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    @app.post("/v1/generate")
    async def generate(body: GenerateBody, request: Request) -> StreamingResponse:
        stream = await start_generation(get_runtime(request), body)
        return StreamingResponse(stream, media_type="text/event-stream", headers=STREAM_HEADERS)

    @app.post("/v1/tokenize")
    async def tokenize(body: TokenizeBody, request: Request) -> dict[str, Any]:
        return await asyncio.to_thread(answer_tokenize, get_runtime(request), body)

    @app.post("/v1/attribute")
    async def attribute(body: AttributeBody, request: Request) -> dict[str, Any]:
        return await answer_attribution(get_runtime(request), body)

    @app.post("/v1/attribution/preview")
    async def show_preview(body: PreviewBody, request: Request) -> dict[str, Any]:
        runtime = get_runtime(request)
        runtime.attributor.require_index(body.adapter)
        records = [record.plain for record in body.records]
        return await asyncio.to_thread(
            preview,
            runtime.engine,
            runtime.attributor,
            runtime.tokenizer,
            runtime.info.context_length,
            body.adapter,
            records,
            body.queries,
        )

    @app.post("/v1/replay")
    async def replay(body: ReplayBody, request: Request) -> dict[str, Any]:
        return await answer_replay(get_runtime(request), body)

    @app.post("/v1/score")
    async def score(body: ScoreBody, request: Request) -> dict[str, Any]:
        return await answer_score(get_runtime(request), body)

    return app


def _load(app: FastAPI, config: EngineConfig) -> None:
    def end() -> None:
        """By the signal that stops the server, so that whoever watches it starts it again."""
        app.state.failure = "A part of the base is gone: start the engine again."
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        app.state.runtime = Runtime(config, end)
        log.info("ready: %s on %s", app.state.runtime.info.name, app.state.runtime.device)
    except EngineError as error:
        app.state.failure = error.message
        log.error("%s", error.message)
    except Exception as error:
        app.state.failure = f"The base model could not be loaded: {error}"
        log.exception("loading failed")


def install_errors(app: FastAPI) -> None:
    @app.middleware("http")
    async def limit(request: Request, call_next: Any) -> Response:
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            message = f"The request is larger than {MAX_BODY >> 20} MiB: send fewer records."
            return _answer(EngineError(413, "too_large", message))
        response: Response = await call_next(request)
        return response

    @app.exception_handler(EngineError)
    async def engine_error(_: Request, error: EngineError) -> JSONResponse:
        return _answer(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        message = f"The field {field} is not right: {first['msg']}."
        return _answer(EngineError(400, "invalid_request", message, field=field))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        message = f"{error.detail}: see docs/interfaces.md for what this engine answers."
        return _answer(EngineError(error.status_code, code, message))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        log.exception("a request failed", exc_info=error)
        return _answer(EngineError(500, "internal", "The engine failed on this request: see its log."))


def _answer(error: EngineError) -> JSONResponse:
    wait = error.detail.get("retryAfter")
    headers = None if wait is None else {"retry-after": str(wait)}
    return JSONResponse(error.body(), status_code=error.status, headers=headers)


def serve(config: EngineConfig, port: int) -> int:
    """Serve on the loopback interface until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    find_base(config.models, config.base)  # say at once when there is none
    config.state.mkdir(parents=True, exist_ok=True)
    app = create_app(config)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3)
    return 0
