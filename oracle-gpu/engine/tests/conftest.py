"""A tiny random model, and the engine as a process of its own, as users run it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from openlora.config import fix_numerics

fix_numerics()

import torch  # noqa: E402

from openlora.embeddings.tiny import write_tiny_embedder  # noqa: E402
from openlora.models.tiny import write_tiny  # noqa: E402
from openlora.verify import hashing  # noqa: E402

Json = dict[str, Any]
VECTORS = Path(__file__).resolve().parents[3] / "contracts" / "test" / "vectors"


# One: a tiny model's operators are too short to share; threads that wait for each other only spin.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Sums round by the number of threads: no test leaves another number to the next."""
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_tiny(folder)
    write_tiny_embedder(folder)
    return folder


@pytest.fixture(scope="session")
def base_path(models: Path) -> Path:
    return models / "tiny"


class Engine:
    """`openlora serve` on a free port."""

    def __init__(self, state: Path, models: Path, *more: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.state = state
        self.log = state.parent / f"{state.name}.{port}.log"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "openlora", "serve", "--port", str(port)),
                *("--state", str(state), "--models", str(models), "--threads", "1", *more),
            ],
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
        self.base = self._wait()["base"]["id"]

    def _wait(self) -> Json:
        for _ in range(1200):
            try:
                health: Json = self.http.get("/health").json()
                if health["status"] == "ok":
                    return health
            except httpx.TransportError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"the engine did not start: {self.log.read_text()}")

    def post(self, path: str, body: Any) -> tuple[int, Json]:
        answer = self.http.post(path, json=body)
        return answer.status_code, answer.json()

    def get(self, path: str) -> tuple[int, Any]:
        answer = self.http.get(path)
        return answer.status_code, answer.json()

    def generate(self, **body: Any) -> tuple[list[Json], Json]:
        """Token events and the done event of one answer."""
        answer = self.http.post("/v1/generate", json={"adapter": None, **body})
        assert answer.status_code == 200, answer.text
        events = [block.split("\n") for block in answer.text.strip().split("\n\n")]
        kinds = [lines[0].removeprefix("event: ") for lines in events]
        data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
        assert kinds == ["token"] * (len(kinds) - 1) + ["done"]
        return data[:-1], data[-1]

    def events(self, job: str, start: int = 0, until: str | None = None) -> list[Json]:
        """Events of a job from `start` until the first of type `until`, or to the end."""
        found: list[Json] = []
        with self.http.stream("GET", f"/v1/jobs/{job}/events?from={start}") as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    found.append(json.loads(line.removeprefix("data: ")))
                    if found[-1]["type"] == until:
                        break
        return found

    def job(self, id: str, count: int = 24, **training: Any) -> Json:
        return {"id": id, **plan(self.base, count, **training)}

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(30)
        self.http.close()


def plan(base: str, count: int, **training: Any) -> Json:
    chosen = {"epochs": 2, "learningRate": 0.01, "batchSize": 4, "maxLength": 128, "seed": 7}
    return {
        "base": base,
        "method": {"kind": "lora", "rank": 4, "alpha": 8, "dropout": 0, "targetModules": "all-linear"},
        "training": {**chosen, "heldOutEvery": 4, **training},
        "records": [record(i) for i in range(count)],
    }


def record(i: int) -> Json:
    messages = [
        {"role": "user", "content": f"What is {i}?"},
        {"role": "assistant", "content": f"It is {i * i * 37 % 1000} in all."},
    ]
    id = hashing.to_hex(hashing.keccak256(str(i).encode()))
    return {"recordId": id, "cluster": id, "messages": messages}


def question(text: str) -> list[Json]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Engine]:
    """One engine shared by the tests that do not stop it."""
    running = Engine(tmp_path_factory.mktemp("state"), models)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def trained(engine: Engine) -> Json:
    """The result of one finished training job on the shared engine, job id `first`."""
    status, _ = engine.post("/v1/jobs", engine.job("first"))
    assert status == 202
    final = engine.events("first")[-1]
    assert final["type"] == "done", final
    result: Json = final["result"]
    return result
