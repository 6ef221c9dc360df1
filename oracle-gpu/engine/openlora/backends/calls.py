"""Calls of the engine's interface (docs/interfaces.md) as they travel between processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Read only, and the same wherever they are answered: of a lost answer they are asked again elsewhere.
ANYWHERE = frozenset(
    ("POST", f"/v1/{name}")
    for name in ("generate", "score", "tokenize", "embed", "replay", "attribute", "attribution/preview")
)


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def adapter(self) -> str | None:
        """The one adapter that it is about; None for the base, for several, and for what is no request."""
        with contextlib.suppress(ValueError):
            body = json.loads(self.body or b"null")
            if isinstance(body, dict) and isinstance(body.get("adapter"), str):
                return str(body["adapter"])
        return None

    @property
    def is_for_anyone(self) -> bool:
        return (self.method, self.path) in ANYWHERE


@dataclass(frozen=True)
class Head:
    """What comes first of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def plain(self) -> dict[str, str]:
        """Without what the server that sends it on sets itself."""
        own = {"content-length", "transfer-encoding", "date", "server", "connection"}
        return {name: value for name, value in self.headers if name not in own}


Part = Head | bytes
Application = Callable[..., Any]  # ASGI


async def answer(app: Application, call: Call) -> AsyncIterator[Part]:
    """The application's answer as it is made: its head, then pieces. Closing says that the caller left."""
    parts: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    gone = asyncio.Event()
    is_read = False

    async def receive() -> dict[str, Any]:
        nonlocal is_read
        if is_read:
            await gone.wait()
            return {"type": "http.disconnect"}
        is_read = True
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        parts.put_nowait(message)

    running = asyncio.create_task(app(_scope(call), receive, send))
    running.add_done_callback(lambda _: parts.put_nowait(None))
    try:
        while (message := await parts.get()) is not None:
            if message["type"] == "http.response.start":
                pairs = tuple((name.decode(), value.decode()) for name, value in message["headers"])
                yield Head(message["status"], pairs)
            elif message["type"] == "http.response.body" and message.get("body"):
                yield bytes(message["body"])
        await running  # what it failed of
    finally:
        gone.set()
        if not running.done():
            with contextlib.suppress(Exception):
                await asyncio.wait_for(running, timeout=10)


def _scope(call: Call) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "root_path": "",
        "query_string": call.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in call.headers],
        "client": None,
        "server": None,
    }


@dataclass(frozen=True)
class Begun:
    """An answer of which something is there: from here on it is not asked for again."""

    head: Head
    first: bytes
    rest: AsyncIterator[Part]


async def begin(
    ask: Callable[[], AsyncIterator[Part]], lost: tuple[type[Exception], ...], attempts: int
) -> Begun | None:
    """Ask until an answer has begun; None where its server was lost each time, before a piece was there."""
    for _ in range(attempts):
        parts = ask()
        try:
            head = await anext(parts)
            if not isinstance(head, Head):
                raise RuntimeError("An answer began without its head.")
            first = await anext(parts, b"")
        except lost:
            continue
        return Begun(head, first if isinstance(first, bytes) else b"", parts)
    return None


async def pieces(begun: Begun, lost: tuple[type[Exception], ...]) -> AsyncIterator[bytes]:
    """All of it. A stream of events whose server is lost in between ends with an error: it is not whole."""
    if begun.first:
        yield begun.first
    try:
        async for part in begun.rest:
            if isinstance(part, bytes):
                yield part
    except lost:
        if not begun.head.plain().get("content-type", "").startswith("text/event-stream"):
            raise
        yield f"event: error\ndata: {json.dumps(refusal(*LOST))}\n\n".encode()


LOST = ("engine_lost", "The engine stopped in the middle of the answer: try again.")
UNREACHABLE = ("engine_unreachable", "No engine could be reached: try again in a minute.")


def refusal(code: str, message: str) -> Mapping[str, Any]:
    """An error of the server, as docs/interfaces.md has them."""
    return {"error": {"message": message, "type": "server_error", "code": code}}
