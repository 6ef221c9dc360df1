"""A vLLM server as what answers: its completions and its adapters, over its documented HTTP interface."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from openlora.adapters.store import AdapterStore, adapter_id
from openlora.api.schemas import GenerateBody
from openlora.errors import EngineError

SECONDS = httpx2.Timeout(120.0, connect=5.0)  # for each read: a prompt may wait in vLLM's queue
NAMED = "token_id:"  # how vLLM names a token when it is asked for `return_tokens_as_token_ids`


@dataclass(frozen=True)
class Token:
    """One token of an answer, with the likeliest in its place where they were asked for."""

    id: int
    logprob: float | None
    top: list[tuple[int, float]]


@dataclass
class _Loaded:
    """An adapter that vLLM has, or is being given."""

    loading: asyncio.Task[None]
    users: int = 0


@dataclass
class Vllm:
    """`url` of a server that runs with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True.

    It must see the adapters under the same paths as this process. `most`: how many it is given at once; no
    more than its `--max-cpu-loras`. `model`: what it calls the base (`--served-model-name`).
    """

    url: str
    model: str
    store: AdapterStore
    most: int
    _client: httpx2.AsyncClient = field(init=False)
    _loaded: OrderedDict[str, _Loaded] = field(default_factory=OrderedDict)  # the one used last at the end

    def __post_init__(self) -> None:
        self._client = httpx2.AsyncClient(base_url=self.url, timeout=SECONDS)

    async def close(self) -> None:
        await self._client.aclose()

    async def version(self) -> str:
        """EngineError 503 where it does not answer."""
        answer = await self._send("GET", "/version")
        return str(answer.json()["version"])

    @asynccontextmanager
    async def having(self, adapter: str | None) -> AsyncIterator[str]:
        """The name by which to ask for the adapter, which stays as long as it is asked.

        EngineError 404 or 409 for one that cannot be served; 429 where all that are there are in use.
        """
        if adapter is None:
            yield self.model
            return
        loaded = self._loaded.get(adapter)
        if loaded is None:
            await self._make_room()
            loaded = self._loaded[adapter] = _Loaded(asyncio.create_task(self._load(adapter)))
        self._loaded.move_to_end(adapter)
        loaded.users += 1
        try:
            await asyncio.shield(loaded.loading)
            yield adapter
        finally:
            loaded.users -= 1
            if loaded.loading.done() and (loaded.loading.cancelled() or loaded.loading.exception()):
                self._loaded.pop(adapter, None)

    async def complete(
        self, model: str, prompt: list[int], body: GenerateBody, most: int
    ) -> AsyncGenerator[Token | str]:
        """Tokens as they come, then why it ended: `stop` or `length`. EngineError for what it refuses."""
        request = _request(model, prompt, body, most)
        try:
            async with self._client.stream("POST", "/v1/completions", json=request) as answer:
                if answer.status_code != 200:
                    raise await self._refusal(answer, model)
                async for line in answer.aiter_lines():
                    if line.startswith("data: ") and line != "data: [DONE]":
                        for part in _read(json.loads(line.removeprefix("data: ")), body.logprobs is not None):
                            yield part
        except httpx2.HTTPError as error:
            raise unavailable() from error

    async def _make_room(self) -> None:
        while len(self._loaded) >= self.most:
            idle = next((id for id, each in self._loaded.items() if each.users == 0), None)
            if idle is None:
                message = f"All {self.most} adapters that vLLM holds are in use: try again shortly."
                raise EngineError(429, "engine_busy", message, retryAfter=1)
            del self._loaded[idle]
            await self._send("POST", "/v1/unload_lora_adapter", {"lora_name": idle}, fine=(200, 404))

    async def _load(self, adapter: str) -> None:
        folder = self.store.folder(adapter)
        if await asyncio.to_thread(adapter_id, folder) != adapter:
            message = f"The files of adapter {adapter} are not those its id names: import or train it again."
            raise EngineError(409, "adapter_tampered", message)
        body = {"lora_name": adapter, "lora_path": str(folder.resolve())}
        answer = await self._send("POST", "/v1/load_lora_adapter", body, fine=(200, 400))
        # One that it has already, from before this process, is named by the same digest: it is the same one.
        if answer.status_code == 400 and "already" not in answer.text:
            reason = _message(answer).rstrip(".")
            message = f"vLLM does not take adapter {adapter}: {reason}."
            raise EngineError(409, "adapter_unsupported", message)

    async def _send(
        self, method: str, path: str, body: Any = None, fine: tuple[int, ...] = (200,)
    ) -> httpx2.Response:
        try:
            answer = await self._client.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise unavailable() from error
        if answer.status_code not in fine:
            raise EngineError(
                502, "backend_failed", f"vLLM answered {answer.status_code} to {path}: see its log."
            )
        return answer

    async def _refusal(self, answer: httpx2.Response, model: str) -> EngineError:
        await answer.aread()
        reason = _message(answer).rstrip(".")
        if answer.status_code == 404:  # it was started anew since, and has forgotten the adapter
            self._loaded.pop(model, None)
            return EngineError(503, "backend_forgot", f"vLLM has lost {model}: try again.")
        if answer.status_code == 400:
            return EngineError(400, "invalid_request", f"vLLM refuses the request: {reason}.")
        return EngineError(502, "backend_failed", f"vLLM answered {answer.status_code}: {reason}.")


def unavailable() -> EngineError:
    return EngineError(503, "backend_unavailable", "The vLLM server does not answer: try again in a minute.")


def _request(model: str, prompt: list[int], body: GenerateBody, most: int) -> dict[str, Any]:
    """Stop strings are not among it: they are cut here, as everywhere."""
    return {
        "model": model,
        "prompt": prompt,
        "max_tokens": most,
        "temperature": body.temperature,
        "top_p": body.topP,
        "top_k": body.topK or -1,
        "min_p": body.minP,
        "seed": body.seed,
        "presence_penalty": body.presencePenalty,
        "frequency_penalty": body.frequencyPenalty,
        "repetition_penalty": body.repetitionPenalty,
        "stream": True,
        "return_token_ids": True,
        **({"logit_bias": body.logitBias} if body.logitBias else {}),
        **({} if body.logprobs is None else {"logprobs": body.logprobs, "return_tokens_as_token_ids": True}),
        **({} if body.format is None else {"structured_outputs": {"json": body.format.json_schema}}),
    }


def _read(chunk: dict[str, Any], wants_logprobs: bool) -> list[Token | str]:
    """The tokens of an event, and the reason after the last one. EngineError for one that is an error."""
    if "error" in chunk:
        raise EngineError(502, "backend_failed", "vLLM stopped in the middle of the answer: try again.")
    found: list[Token | str] = []
    for choice in chunk.get("choices", []):
        ids = choice.get("token_ids")
        if ids is None:
            message = "This vLLM does not tell token ids: use version 0.10.2 or later."
            raise EngineError(502, "backend_unsupported", message)
        told = choice.get("logprobs") or {}
        for place, id in enumerate(ids):
            if not wants_logprobs:
                found.append(Token(id, None, []))
                continue
            likely = (told.get("top_logprobs") or [])[place] or {}
            best = sorted(((_id(name), value) for name, value in likely.items()), key=lambda one: -one[1])
            found.append(Token(id, told["token_logprobs"][place], best))
        if choice.get("finish_reason") is not None:
            found.append("length" if choice["finish_reason"] == "length" else "stop")
    return found


def _id(name: str) -> int:
    return int(name.removeprefix(NAMED))


def _message(answer: httpx2.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:200]
    error = body.get("error", body)
    return str(error.get("message", error) if isinstance(error, dict) else error)[:200]
