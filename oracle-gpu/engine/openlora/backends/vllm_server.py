"""`openlora serve-vllm`: the engine's interface (docs/interfaces.md), answered by a vLLM server.

vLLM takes no gradients, tells nothing of passages and reads no answer again: what it cannot do is passed on
to an engine beside it, where there is one (`--beside`), and otherwise refused by name.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from openlora import __version__
from openlora.adapters.store import AdapterStore
from openlora.api.attribution import answer_tokenize
from openlora.api.reader import Reader
from openlora.api.schemas import GenerateBody, TokenizeBody
from openlora.api.server import STREAM_HEADERS, install_errors
from openlora.backends.vllm import SECONDS, Token, Vllm
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.vocabulary import Vocabulary
from openlora.errors import EngineError
from openlora.models.base import find_base, load_tokenizer, read_info

BESIDE = {
    "attribute": "attribution",
    "attribution": "attribution",
    "replay": "replay",
    "score": "scores of a text",
    "embed": "embeddings",
    "retrieval": "retrieval",
    "routes": "routing by meaning",
    "jobs": "training",
    "estimate": "training",
    "adapters": "import, merge and files of adapters",
    "exports": "export",
}


@dataclass(frozen=True)
class VllmConfig:
    url: str
    model: str  # as vLLM calls the base
    models: Path  # where the base's tokenizer and card lie, as converted for the engine
    state: Path  # adapters/ lives here, and vLLM sees it under the same path
    base: str | None = None
    most_adapters: int = 64
    beside: str | None = None  # address of an engine that does the rest


class Front(Reader):
    """Reads prompts as the engine does; the base's weights are vLLM's."""

    def __init__(self, config: VllmConfig) -> None:
        path = find_base(config.models, config.base)
        self.info = read_info(path)
        self.tokenizer = load_tokenizer(path)
        self.vocabulary_size = json.loads((path / "config.json").read_bytes())["vocab_size"]
        self.vocabulary = Vocabulary(self.tokenizer, self.vocabulary_size)
        self.store = AdapterStore(config.state / "adapters")
        self.vllm = Vllm(config.url.rstrip("/"), config.model, self.store, config.most_adapters)

    async def generate(self, body: GenerateBody) -> AsyncIterator[str]:
        """Refuse what cannot be answered, then hand back the stream, once its first event is there."""
        refuse(body)
        prompt = await asyncio.to_thread(self.read, body.messages, body.prompt)
        self.require_vocabulary(body.sampling.logit_bias)
        most = min(body.maxTokens, self.info.context_length - len(prompt))
        events = self._events(body, prompt, most)
        first = await anext(events)  # whatever is refused until then is an ordinary error

        async def stream() -> AsyncIterator[str]:
            async with aclosing(events):
                yield first
                try:
                    async for event in events:
                        yield event
                except EngineError as error:
                    yield _event("error", error.body())

        return stream()

    async def _events(self, body: GenerateBody, prompt: list[int], most: int) -> AsyncGenerator[str]:
        text = Detokenizer(self.tokenizer, body.stop)
        tokens: list[int] = []
        reason: str | None = None
        async with (
            self.vllm.having(body.adapter) as model,
            aclosing(self.vllm.complete(model, prompt, body, most)) as parts,
        ):
            async for part in parts:
                if isinstance(part, str):
                    reason = part
                    break
                piece = text.push(part.id)
                tokens.append(part.id)
                told = {} if body.logprobs is None else {"logprobs": self._tell(part)}
                yield _event("token", {"index": len(tokens) - 1, "tokenId": part.id, "text": piece, **told})
                if text.stopped:
                    reason = "stop"
                    break
        if reason is None:
            raise EngineError(502, "backend_failed", "vLLM's answer broke off: try again.")
        text.finish()
        done = {"text": text.text, "promptTokenIds": prompt, "tokenIds": tokens, "finishReason": reason}
        yield _event("done", {**done, "passages": None})

    def _tell(self, token: Token) -> dict[str, Any]:
        named = [self._one(id, value) for id, value in token.top]
        return {**self._one(token.id, token.logprob), "top": named}

    def _one(self, id: int, logprob: float | None) -> dict[str, Any]:
        text, raw = self.vocabulary.spell(id)
        return {"tokenId": id, "token": text, "bytes": None if raw is None else list(raw), "logprob": logprob}


def refuse(body: GenerateBody) -> None:
    """EngineError 501 for what of an answer vLLM cannot do, by name."""
    what = None
    if body.passages is not None:
        what = "answers from passages, whose support is measured"
    elif body.adapters is not None:
        what = "several weighted adapters in one answer"
    elif body.format is not None and body.format.json_schema is None:
        what = "calls of tools by a grammar"
    if what is not None:
        raise unsupported(what)


def unsupported(what: str) -> EngineError:
    message = f"vLLM does not do this: {what}. Ask an engine, or name one with --beside."
    return EngineError(501, "unsupported_by_vllm", message, unsupported=what)


def create_app(config: VllmConfig) -> FastAPI:
    front = Front(config)
    beside = httpx2.AsyncClient(base_url=config.beside, timeout=SECONDS) if config.beside else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await front.vllm.close()
        if beside is not None:
            await beside.aclose()

    app = FastAPI(title="openlora", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        """What made the answers is vLLM: no hash of this engine vouches for it."""
        version = await front.vllm.version()
        return {"status": "ok", "engine": f"vllm {version}", "base": front.info.public()}

    @app.post("/v1/generate")
    async def generate(body: GenerateBody, request: Request) -> Response:
        if beside is not None:
            try:
                refuse(body)
            except EngineError:
                return await pass_on(beside, request)
        return StreamingResponse(
            await front.generate(body), media_type="text/event-stream", headers=STREAM_HEADERS
        )

    @app.post("/v1/tokenize")
    async def tokenize(body: TokenizeBody) -> dict[str, Any]:
        return await asyncio.to_thread(answer_tokenize, front, body)

    @app.get("/v1/adapters")
    async def adapters(request: Request) -> Any:
        return await pass_on(beside, request) if beside is not None else front.store.list()

    @app.api_route("/v1/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def others(rest: str, request: Request) -> Response:
        if beside is None:
            raise unsupported(BESIDE.get(rest.split("/")[0], rest))
        return await pass_on(beside, request)

    return app


async def pass_on(beside: httpx2.AsyncClient, request: Request) -> Response:
    """The engine's own answer, as it is made."""
    asked = beside.build_request(
        request.method,
        request.url.path,
        params=request.url.query,
        headers={"content-type": request.headers.get("content-type", "application/json")},
        content=await request.body(),
    )
    try:
        answer = await beside.send(asked, stream=True)
    except httpx2.HTTPError as error:
        message = "The engine beside vLLM does not answer: try again in a minute."
        raise EngineError(503, "backend_unavailable", message) from error

    async def body() -> AsyncIterator[bytes]:
        async with aclosing(answer):
            async for piece in answer.aiter_raw():
                yield piece

    kept = {name: value for name, value in answer.headers.items() if name in ("content-type", "retry-after")}
    return StreamingResponse(body(), answer.status_code, kept)


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def serve(config: VllmConfig, port: int) -> int:
    """Serve on the loopback interface until stopped."""
    uvicorn.run(
        create_app(config), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3
    )
    return 0
