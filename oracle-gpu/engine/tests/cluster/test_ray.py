"""Three replicas by Ray Serve, one killed under load; skipped without Ray (npm run test:cluster)."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
import yaml

from openlora.adapters.store import write_adapter
from tests.conftest import Engine, Json

ray = pytest.importorskip(
    "ray", reason="Ray is not installed here: npm run test:cluster installs and uses it."
)

from ray import serve  # noqa: E402
from ray.serve.schema import ServeDeploySchema  # noqa: E402

from openlora.backends.ray import REPLICA, Cluster, build  # noqa: E402

ADAPTERS = 4
REQUESTS = 80
CALLERS = 6
TOKENS = 24


def write(adapters: Path, number: int) -> str:
    """An adapter whose answers differ from all others'."""
    torch.manual_seed(number)
    layer = "base_model.model.model.layers.0.mlp.down_proj"
    tensors = {f"{layer}.lora_A.weight": torch.randn(4, 128), f"{layer}.lora_B.weight": torch.randn(64, 4)}
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": "tiny"}
    made = adapters / "made"
    id = write_adapter(made, tensors, config)
    made.rename(adapters / id)
    return id


@dataclass
class Stage:
    """A running cluster, and what one engine alone answers to each adapter's question."""

    url: str
    cluster: Cluster
    expected: dict[str, Json]

    def ask(self, adapter: str) -> tuple[str, str | None, Json]:
        """How the answer ended (`done`, `error`, or a refusal's status), who gave it, its last event."""
        body = question(adapter)
        with httpx.Client(timeout=120) as client:
            answer = client.post(f"{self.url}/v1/generate", json=body)
        if answer.status_code != 200:
            return str(answer.status_code), None, answer.json()
        last = answer.text.strip().split("\n\n")[-1].split("\n")
        data = json.loads(last[1].removeprefix("data: "))
        return last[0].removeprefix("event: "), answer.headers[REPLICA], data

    def load(self, during: Any = None) -> Counter[str]:
        """How the answers to many callers ended; `during` runs when a third of them are there."""
        answered, begun = Counter[str](), threading.Semaphore(0)

        def one(number: int) -> str:
            adapter = list(self.expected)[number % ADAPTERS]
            ending, _, data = self.ask(adapter)
            begun.release()
            if ending == "done":
                assert data == self.expected[adapter], "the answer of another adapter, or of half of one"
            return ending

        with ThreadPoolExecutor(CALLERS) as callers:
            running = [callers.submit(one, number) for number in range(REQUESTS)]
            if during is not None:
                for _ in range(REQUESTS // 3):
                    begun.acquire()
                during()
            for each in running:
                answered[each.result()] += 1
        return answered


def question(adapter: str) -> Json:
    return {"adapter": adapter, "prompt": "Who mends the nets?", "maxTokens": TOKENS}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Stage]:
    state = tmp_path_factory.mktemp("shared")
    (state / "adapters").mkdir()
    ids = [write(state / "adapters", number) for number in range(ADAPTERS)]
    alone = Engine(state, models)
    expected = {id: alone.generate(**question(id))[1] for id in ids}
    alone.stop()
    assert len({answer["text"] for answer in expected.values()}) == ADAPTERS
    port = free_port()
    ray.init(num_cpus=16, include_dashboard=False, log_to_driver=False, logging_level="error")
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    cluster = Cluster(state=str(state), models=str(models), base="tiny", replicas=3, threads=1)
    serve.run(build(cluster), name="openlora")
    yield Stage(f"http://127.0.0.1:{port}", cluster, expected)
    serve.shutdown()
    ray.shutdown()


def replicas() -> list[Any]:
    """The processes that answer."""
    named = ray.util.list_named_actors(all_namespaces=True)
    own = [each for each in named if each["name"].startswith("SERVE_REPLICA::openlora#Replica#")]
    return [ray.get_actor(each["name"], namespace=each["namespace"]) for each in own]


def wait_for(count: int) -> None:
    for _ in range(600):
        found = serve.status().applications["openlora"].deployments["Replica"]
        if found.status == "HEALTHY" and found.replica_states.get("RUNNING") == count:
            return
        time.sleep(0.1)
    raise AssertionError(f"There are not {count} replicas: {found}")


def test_requests_of_an_adapter_go_to_a_replica_that_has_it(stage: Stage) -> None:
    wait_for(3)
    for adapter, expected in stage.expected.items():
        given = [stage.ask(adapter) for _ in range(6)]
        assert [data for _, _, data in given] == [expected] * 6
        assert len({replica for _, replica, _ in given[1:]}) == 1, "after the first it is known who has it"


def test_home_keeps_the_state_and_replicas_read_the_same_adapters(stage: Stage) -> None:
    with httpx.Client(base_url=stage.url, timeout=120) as client:
        listed = client.get("/v1/adapters")
        assert listed.headers[REPLICA] == "home"
        assert {each["id"] for each in listed.json()} == set(stage.expected)
        assert client.get("/health").json()["status"] == "ok"
        added = write(Path(stage.cluster.state) / "adapters", 99)
        answer = client.post("/v1/generate", json=question(added))
        assert (answer.status_code, answer.headers[REPLICA] == "home") == (200, False)
        unknown = client.post("/v1/generate", json=question("0x" + "0" * 64))
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "adapter_not_found")
        assert client.post("/v1/generate", json={}).json()["error"]["code"] == "invalid_request"


def test_a_replica_killed_under_load_costs_no_answer_that_had_not_begun(stage: Stage) -> None:
    wait_for(3)

    def kill() -> None:
        ray.kill(random.choice(replicas()), no_restart=True)

    ended = stage.load(kill)
    print(f"\nkilled one of three: {dict(ended)} of {REQUESTS}")
    # What was being told at that moment ends with an error, and is not charged; everything else is answered.
    assert ended["done"] + ended["error"] == REQUESTS
    assert ended["error"] <= CALLERS
    wait_for(3)
    assert stage.load() == {"done": REQUESTS}


def test_replicas_are_added_and_drained_without_a_failed_request(stage: Stage) -> None:
    for count in (4, 2):

        def change(count: int = count) -> None:
            changed = stage.cluster.model_copy(update={"replicas": count})
            serve.run(build(changed), name="openlora")

        ended = stage.load(change)
        print(f"\nto {count} replicas: {dict(ended)} of {REQUESTS}")
        assert ended == {"done": REQUESTS}
        wait_for(count)


def test_the_manifest_for_kubernetes_is_one_that_serve_takes() -> None:
    manifest = Path(__file__).resolve().parents[4] / "deploy" / "kuberay" / "rayservice.yaml"
    (service,) = (each for each in yaml.safe_load_all(manifest.read_text()) if each["kind"] == "RayService")
    config = yaml.safe_load(service["spec"]["serveConfigV2"])
    (application,) = ServeDeploySchema.model_validate(config).applications
    assert application.import_path == "openlora.backends.ray:build"
    asked = Cluster.model_validate(application.args)
    workers = service["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]
    assert workers["replicas"] == asked.replicas + 1, "and one for home"
