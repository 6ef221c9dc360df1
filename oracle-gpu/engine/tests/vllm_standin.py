"""Stands in for a vLLM server: its documented HTTP interface, as far as `backends/vllm.py` uses it.

Paths, fields and refusals are those of vLLM's documentation (OpenAI-compatible server; LoRA adapters,
"Dynamically serving LoRA adapters"), version 0.10.2. There is no model: what it says is made of the asked
model's name, and nothing here shows that vLLM itself answers well.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from openlora.models.tiny import tiny_tokenizer

BASE = "tiny-served"
VERSION = "0.10.2"


class Standin:
    """A server on a free port; `asked` are the bodies of completions, `calls` what came and went."""

    def __init__(self, max_cpu_loras: int = 2) -> None:
        self.tokenizer = tiny_tokenizer()
        self.max_cpu_loras = max_cpu_loras
        self.loaded: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.break_after: int | None = None
        self.is_waiting = threading.Event()  # while set, it stops before its second token
        self.left = 0  # callers that went away
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(
            uvicorn.Config(self._app(), port=self.port, log_level="critical", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def answer_of(self, model: str) -> str:
        return f"{model[-4:]} says ä."

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/version")
        async def version() -> dict[str, str]:
            return {"version": VERSION}

        @app.post("/v1/load_lora_adapter")
        async def load(request: Request) -> Response:
            body = await request.json()
            self.calls.append(f"load {body['lora_name'][-4:]}")
            if body["lora_name"] in self.loaded:
                return _error(400, f"The lora adapter '{body['lora_name']}' has already been loaded.")
            config = json.loads((Path(body["lora_path"]) / "adapter_config.json").read_bytes())
            if config["r"] > 16:
                return _error(400, f"LoRA rank {config['r']} is greater than max_lora_rank 16.")
            if len(self.loaded) >= self.max_cpu_loras:
                return _error(500, "the stand-in was given more adapters than it has room for")
            self.loaded[body["lora_name"]] = body["lora_path"]
            return PlainTextResponse(f"Success: LoRA adapter '{body['lora_name']}' added successfully.")

        @app.post("/v1/unload_lora_adapter")
        async def unload(request: Request) -> Response:
            name = (await request.json())["lora_name"]
            self.calls.append(f"unload {name[-4:]}")
            if self.loaded.pop(name, None) is None:
                return _error(404, f"The lora adapter '{name}' cannot be found.")
            return PlainTextResponse(f"Success: LoRA adapter '{name}' removed successfully.")

        @app.post("/v1/completions")
        async def complete(request: Request) -> Response:
            body = await request.json()
            self.asked.append(body)
            if body["model"] != BASE and body["model"] not in self.loaded:
                return _error(404, f"The model `{body['model']}` does not exist.")
            if body["max_tokens"] < 1:
                return _error(400, "max_tokens must be at least 1, got 0.")
            return StreamingResponse(self._stream(body, request), media_type="text/event-stream")

        return app

    async def _stream(self, body: dict[str, Any], request: Request) -> AsyncIterator[str]:
        text = self.answer_of(body["model"])
        ids = [*self.tokenizer.encode(text), self.tokenizer.eos_token_id]
        told = ids[: body["max_tokens"]]
        try:
            for place, id in enumerate(told):
                if place == self.break_after:
                    raise ConnectionError("broken off")
                while place == 1 and self.is_waiting.is_set():
                    await asyncio.sleep(0.01)
                choice: dict[str, Any] = {"index": 0, "text": "", "token_ids": [id], "finish_reason": None}
                if "logprobs" in body:
                    likely = {f"token_id:{id}": -0.5, f"token_id:{id + 1}": -1.5}
                    choice["logprobs"] = {
                        "tokens": [f"token_id:{id}"],
                        "token_logprobs": [-0.5],
                        "top_logprobs": [likely],
                    }
                if place == len(told) - 1:
                    choice["finish_reason"] = "stop" if len(told) == len(ids) else "length"
                yield f"data: {json.dumps({'object': 'text_completion', 'choices': [choice]})}\n\n"
                await asyncio.sleep(0)
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.left += 1
            raise


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "error", "code": status}}, status)
