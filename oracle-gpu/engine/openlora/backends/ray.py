"""The engine on several machines, as an application of Ray Serve (an extra: `pip install openlora[cluster]`).

    serve run openlora.backends.ray:build state=/shared/engine models=/shared/models replicas=3

Replicas answer; requests of one adapter go to those that have it. One further engine, home, keeps the
state: it trains, imports and indexes. Both read the adapters from a folder that all machines share.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from openlora.backends.calls import UNREACHABLE, Call, Head, Part, answer, begin, pieces, refusal

ATTEMPTS = 4  # of one call, on as many replicas
LOST = (RayActorError,)  # the process of a replica is gone, or cannot be reached
REPLICA = "x-openlora-replica"
ONGOING = 1_056  # calls of one replica: what its engine answers together, and its queue


class Cluster(BaseModel, extra="forbid"):
    """Arguments of the application."""

    state: str
    models: str
    base: str | None = None
    replicas: int = 2
    threads: int = 0  # of each replica; 0: as many as Ray gives it CPUs
    adapters: int = 256  # that a replica says it has: requests of these come to it
    cpus: float = 1.0
    gpus: float = 0.0
    drain_seconds: float = 120.0  # that a replica may take for what it has begun, before it goes


class Engine:
    """One engine in the process of a replica."""

    def __init__(self, cluster: Cluster, is_home: bool) -> None:
        from openlora.config import EngineConfig, fix_numerics

        fix_numerics()  # before anything imports torch
        from openlora.api.runtime import Runtime
        from openlora.api.server import create_app

        shared = Path(cluster.state)
        config = EngineConfig(
            state=shared if is_home else _beside(shared),
            models=Path(cluster.models),
            base=cluster.base,
            threads=cluster.threads or max(1, int(cluster.cpus)),
        )
        config.state.mkdir(parents=True, exist_ok=True)
        self._app = create_app(config)
        self._app.state.failure = None
        self._runtime = self._app.state.runtime = Runtime(config)
        self._name = "home" if is_home else serve.get_replica_context().replica_id.unique_id

    async def ask(self, call: Call) -> AsyncIterator[Part]:
        """Answer as the engine's server does, piece by piece."""
        adapter = serve.get_multiplexed_model_id()
        if adapter:
            # What cannot be served is refused by the route itself.
            with contextlib.suppress(Exception):
                await self.bring(adapter)
        async for part in answer(self._app, call):
            yield (
                Head(part.status, (*part.headers, (REPLICA, self._name))) if isinstance(part, Head) else part
            )

    async def bring(self, id: str) -> str:
        """Have the adapter in memory; Ray remembers who does, and forgets the one used longest ago."""
        from openlora.adapters.cache import Choice

        await asyncio.to_thread(self._runtime.require_adapters, Choice.one(id))
        return id

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it never loaded
            self._runtime.close()


def _beside(shared: Path) -> Path:
    """A state of a replica's own, in which only the adapters are shared: jobs and indexes are home's."""
    state = Path(tempfile.mkdtemp(prefix="openlora-replica-"))
    (shared / "adapters").mkdir(parents=True, exist_ok=True)
    (state / "adapters").symlink_to((shared / "adapters").resolve())
    return state


class Gate:
    """Passes each HTTP request to a replica that suits it, and to another before an answer begins."""

    def __init__(self, replicas: DeploymentHandle[Any], home: DeploymentHandle[Any]) -> None:
        self._replicas = replicas
        self._home = home

    async def __call__(self, request: Request) -> Response:
        headers = tuple(request.headers.items())
        call = Call(request.method, request.url.path, request.url.query, headers, await request.body())
        handle = self._replicas if call.is_for_anyone else self._home
        chosen = handle.options(
            stream=True, multiplexed_model_id=(call.adapter or "") if call.is_for_anyone else ""
        )
        is_safe = call.is_for_anyone or call.method == "GET"
        begun = await begin(lambda: chosen.ask.remote(call), LOST, ATTEMPTS if is_safe else 1)
        if begun is None:
            return JSONResponse(refusal(*UNREACHABLE), 503)
        return StreamingResponse(pieces(begun, LOST), begun.head.status, begun.head.plain())


def build(cluster: Cluster) -> serve.Application:
    """The application: `serve run`, `serve.run` and a RayService take it."""

    class Replica(Engine):
        bring = serve.multiplexed(Engine.bring, max_num_models_per_replica=cluster.adapters)

    options: dict[str, Any] = {
        "max_ongoing_requests": ONGOING,
        "graceful_shutdown_timeout_s": cluster.drain_seconds,
        "health_check_period_s": 2,
        "ray_actor_options": {"num_cpus": cluster.cpus, "num_gpus": cluster.gpus},
    }
    replicas = serve.deployment(Replica).options(name="Replica", num_replicas=cluster.replicas, **options)
    home = serve.deployment(Engine).options(name="Home", num_replicas=1, **options)
    gate = serve.deployment(Gate).options(
        name="Gate", max_ongoing_requests=4 * ONGOING, ray_actor_options={"num_cpus": 0}
    )
    return gate.bind(replicas.bind(cluster, False), home.bind(cluster, True))
