"""Calls between processes: an answer arrives as it is made, and is asked for again only before it begins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from openlora.backends.calls import ANYWHERE, Begun, Call, Head, Part, answer, begin, pieces

ASK = Call("POST", "/v1/generate", "from=3", (("content-type", "application/json"),), b'{"adapter": "0x12"}')
STREAM = Head(200, (("content-type", "text/event-stream"), ("content-length", "9"), ("x-kept", "yes")))


class LostError(Exception):
    pass


async def collect(parts: AsyncIterator[Any]) -> list[Any]:
    return [part async for part in parts]


def test_a_call_names_its_adapter_and_whether_anyone_may_answer() -> None:
    assert (ASK.adapter, ASK.is_for_anyone) == ("0x12", True)
    for body in (b"", b"[]", b"no json", b'{"adapter": null}', b'{"adapters": []}', b"\xff"):
        assert Call("POST", "/v1/generate", "", (), body).adapter is None
    assert not Call("GET", "/v1/generate", "", (), b"").is_for_anyone
    assert not Call("POST", "/v1/jobs", "", (), b"").is_for_anyone
    assert ("POST", "/v1/attribution/preview") in ANYWHERE


def test_an_application_is_asked_and_answers_piece_by_piece() -> None:
    seen: dict[str, Any] = {}
    given: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"b")]})
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            given.append(piece)
        await send({"type": "http.response.body", "body": b""})

    assert asyncio.run(collect(answer(app, ASK))) == [Head(201, (("x-a", "b"),)), b"one", b"two"]
    assert (seen["method"], seen["path"], seen["query_string"], seen["body"]) == (
        *("POST", "/v1/generate", b"from=3"),
        ASK.body,
    )


def test_a_caller_who_leaves_is_told_of() -> None:
    left: list[str] = []

    async def app(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        left.append((await receive())["type"])

    async def leave() -> None:
        parts = answer(app, ASK)
        await anext(parts)
        await parts.aclose()  # type: ignore[attr-defined]

    asyncio.run(leave())
    assert left == ["http.disconnect"]


def test_what_an_application_fails_of_is_not_swallowed() -> None:
    async def app(_: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(collect(answer(app, ASK)))


class Servers:
    """Each asked in turn; a server is the parts that it gives, until it is lost if it ends with an error."""

    def __init__(self, *servers: Iterable[Part | Exception]) -> None:
        self._servers = iter(servers)
        self.asked = 0

    def __call__(self) -> AsyncIterator[Part]:
        self.asked += 1
        return self._give(next(self._servers))

    async def _give(self, parts: Iterable[Part | Exception]) -> AsyncIterator[Part]:
        for part in parts:
            if isinstance(part, Exception):
                raise part
            yield part


def whole(servers: Servers, attempts: int = 3) -> tuple[Begun | None, list[bytes]]:
    async def run() -> tuple[Begun | None, list[bytes]]:
        begun = await begin(servers, (LostError,), attempts)
        return begun, [] if begun is None else await collect(pieces(begun, (LostError,)))

    return asyncio.run(run())


@pytest.mark.parametrize("before", [[LostError()], [STREAM, LostError()]])
def test_a_server_that_is_lost_before_its_first_piece_is_replaced(before: list[Part | Exception]) -> None:
    servers = Servers(before, before, [STREAM, b"a", b"b"])
    begun, found = whole(servers)
    assert (servers.asked, found) == (3, [b"a", b"b"])
    assert begun is not None
    assert begun.head.plain() == {"content-type": "text/event-stream", "x-kept": "yes"}


def test_after_its_first_piece_an_answer_is_not_asked_for_again() -> None:
    servers = Servers([STREAM, b"event: token\ndata: {}\n\n", LostError()])
    _, found = whole(servers)
    assert servers.asked == 1
    kind, data = found[-1].decode().strip().split("\n")
    assert kind == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["code"] == "engine_lost"


def test_what_is_no_stream_of_events_breaks_off_visibly() -> None:
    with pytest.raises(LostError):
        whole(Servers([Head(200, (("content-type", "application/json"),)), b'{"a"', LostError()]))


def test_after_its_attempts_a_call_is_given_up() -> None:
    servers = Servers(*[[LostError()]] * 3)
    assert whole(servers) == (None, [])
    assert servers.asked == 3


def test_an_empty_answer_is_one() -> None:
    assert whole(Servers([Head(204, ())]))[1] == []


def test_other_failures_are_not_taken_for_a_lost_server() -> None:
    servers = Servers([ValueError("broken")], [STREAM])
    with pytest.raises(ValueError, match="broken"):
        whole(servers)
    assert servers.asked == 1
