"""`openlora serve` with the real base model on a free port, for benchmarks that ask it as its callers do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ENGINE = Path(__file__).resolve().parents[1]
MODELS = ENGINE.parents[1] / ".openledger" / "models"
Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """`first`, `last`, `done`: seconds until the first and the last token, and the end of the stream."""

    first: float
    last: float
    done: float
    event: Json


class Server:
    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=600)

    def post(self, path: str, body: Json) -> Json:
        return self._read(self.http.post(path, json=body))

    def put(self, path: str, body: Json) -> Json:
        return self._read(self.http.put(path, json=body))

    def get(self, path: str) -> Json:
        return self._read(self.http.get(path))

    def generate(self, body: Json) -> Answer:
        started = time.monotonic()
        times: list[float] = []
        with self.http.stream("POST", "/v1/generate", json=body) as stream:
            if stream.status_code != 200:
                raise SystemExit(f"the engine refused: {stream.read().decode()}")
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind == "token":
                    times.append(time.monotonic() - started)
                elif line.startswith("data: ") and kind == "done":
                    done = time.monotonic() - started
                    return Answer(times[0], times[-1], done, json.loads(line.removeprefix("data: ")))
        raise SystemExit("the answer broke off")

    def train(self, job: str, records: Sequence[Json], training: Json) -> Json:
        """Result of a job, once it is done."""
        body = {"id": job, "base": self.get("/health")["base"]["id"], "training": training}
        self.post("/v1/jobs", {**body, "records": list(records)})
        while True:
            state = self.get(f"/v1/jobs/{job}")
            if state["status"] == "done":
                result: Json = state["result"]
                return result
            if state["status"] in ("failed", "cancelled"):
                raise SystemExit(f"the training ended: {state}")
            print(f"\rtraining: step {state['step']} of {state['steps']} ", end="", flush=True)
            time.sleep(2)

    @staticmethod
    def _read(answer: httpx.Response) -> Json:
        if answer.status_code >= 400:
            raise SystemExit(f"the engine refused: {answer.text}")
        found: Json = answer.json()
        return found


@contextmanager
def serving(threads: int) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        log = Path(state) / "log"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "openlora", "serve", "--port", str(port), "--state", state),
                *("--models", str(MODELS), "--threads", str(threads)),
            ],
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ENGINE)},
        )
        try:
            server = Server(f"http://127.0.0.1:{port}")
            _wait(server, process, log)
            yield server
        finally:
            process.terminate()
            process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            if server.http.get("/health").json()["status"] == "ok":
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the engine did not start: {log.read_text()}")
