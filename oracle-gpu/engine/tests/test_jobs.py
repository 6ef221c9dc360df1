"""Training jobs: their log, their result, and what a crash leaves behind."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from openlora.adapters.store import AdapterStore
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.models.base import load_tokenizer
from openlora.train.events import EventLog, read_events
from openlora.train.jobs import JobManager
from openlora.train.spec import Job, folder_name
from openlora.train.templates import encode_prompt, render_record
from openlora.verify import hashing

from .conftest import Engine, Json, plan, question, record

KILLED = {"epochs": 3, "batchSize": 1, "heldOutEvery": 4, "checkpointEvery": 4}
LONG = {"epochs": 20, "batchSize": 1, "heldOutEvery": 0}  # about half a minute if nobody stops it


def test_a_job_tells_its_story(engine: Engine, trained: Json) -> None:
    events = engine.events("first")
    assert [event["seq"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["queued", "started", "evaluation"]
    assert kinds[-1] == "done"
    started = events[1]
    assert (started["records"], started["heldOut"], started["steps"]) == (18, 6, 10)
    steps = [event for event in events if event["type"] == "step"]
    assert [step["step"] for step in steps] == list(range(1, 11))
    assert all(step["secondsLeft"] >= 0 for step in steps)
    assert steps[-1]["loss"] < steps[0]["loss"]
    before, after = (event for event in events if event["type"] == "evaluation")
    assert (before["when"], after["when"]) == ("before", "after")
    assert after["heldOutLoss"] < before["heldOutLoss"]
    assert set(after["samples"][0]) == {"prompt", "reference", "answer", "base"}
    assert after["samples"][0]["base"] == before["samples"][0]["answer"]
    assert [e["done"] for e in events if e["type"] == "index"][-1] == 24
    _, status = engine.get("/v1/jobs/first")
    assert (status["status"], status["step"], status["steps"]) == ("done", 10, 10)
    assert status["result"] == trained == events[-1]["result"]
    assert engine.events("first", 7) == events[7:]


@pytest.mark.parametrize("kind", ["dora", "qlora"])
def test_every_kind_of_adapter_answers_and_is_attributed(engine: Engine, base_path: Path, kind: str) -> None:
    asked = engine.job(kind)
    asked["method"]["kind"] = kind
    assert engine.post("/v1/jobs", asked)[0] == 202
    final = engine.events(kind)[-1]
    assert final["type"] == "done", final
    result = final["result"]
    assert result["evaluation"]["heldOutLossAfter"] < result["evaluation"]["heldOutLossBefore"]
    config = engine.http.get(f"/v1/adapters/{result['adapter']}/files/adapter_config.json").json()
    assert (config["use_dora"], "base_quantization" in config) == (kind == "dora", kind == "qlora")
    _, done = engine.generate(adapter=result["adapter"], messages=question("What is 5?"), maxTokens=8)
    assert len(done["tokenIds"]) > 0
    tokenizer, messages = load_tokenizer(base_path), record(5)["messages"]
    prompt = encode_prompt(tokenizer, messages[:-1])
    answer = render_record(tokenizer, messages).tokens[len(prompt) :]
    body = {"adapter": result["adapter"], "promptTokenIds": prompt, "tokenIds": answer, "top": 4}
    status, found = engine.post("/v1/attribute", body)
    assert status == 200
    assert found["records"][0]["recordId"] == record(5)["recordId"]


def test_the_result_commits_to_the_log_and_the_index(engine: Engine, trained: Json) -> None:
    head = hashing.ZERO
    lines = engine.http.get("/v1/jobs/first/log").content.splitlines()
    for line in lines:
        head = hashing.log_head(head, line)
    assert hashing.to_hex(head) == trained["trainingLogRoot"]
    assert lines[0].startswith(b'{"base":')
    assert len(lines) == 1 + 10 + 2, "start, steps, two checkpoints"
    index = trained["index"]
    assert (index["rows"], index["k"], index["fidelity"]) == (18, 18, "provisional")
    assert index["nullThreshold"] >= 1
    _, body = engine.get("/v1/jobs/first/index")
    assert [row["position"] for row in body["rows"]] == list(range(18))
    assert {row["recordId"] for row in body["rows"]}.isdisjoint({record(3)["recordId"]}), "held out"
    assert set(body["rows"][0]) == {
        "position",
        "recordId",
        "cluster",
        "tokensRoot",
        "scaleBits",
        "rowRoot",
    }


def test_a_records_own_answer_leads_back_to_it(engine: Engine, trained: Json, base_path: Path) -> None:
    tokenizer = load_tokenizer(base_path)
    right = 0
    for i in range(0, 24, 4):
        messages = record(i)["messages"]
        prompt = encode_prompt(tokenizer, messages[:-1])
        answer = render_record(tokenizer, messages).tokens[len(prompt) :]
        body = {"adapter": trained["adapter"], "promptTokenIds": prompt, "tokenIds": answer}
        _, found = engine.post("/v1/attribute", body)
        scores = [row["score"] for row in found["records"]]
        assert scores == sorted(scores, reverse=True)
        assert all(score > found["nullThreshold"] for score in scores)
        assert all(row["score"] == sum(row["partials"]) for row in found["records"])
        right += bool(scores) and found["records"][0]["recordId"] == record(i)["recordId"]
    assert right == 6


def test_the_same_job_again_is_the_same_job(engine: Engine, trained: Json) -> None:
    assert engine.post("/v1/jobs", engine.job("first")) == (202, {"id": "first", "status": "done"})
    status, body = engine.post("/v1/jobs", engine.job("first", seed=8))
    assert (status, body["error"]["code"]) == (409, "job_conflict")
    _, listed = engine.get("/v1/jobs")
    assert [job["id"] for job in listed].count("first") == 1


def test_training_does_not_stop_the_answering_and_can_be_cancelled(engine: Engine) -> None:
    engine.post("/v1/jobs", engine.job("cancelled", 40, **LONG))
    engine.post("/v1/jobs", engine.job("waiting", 40, **LONG))
    engine.events("cancelled", until="step")
    assert engine.generate(messages=question("hi"), maxTokens=3)[1]["tokenIds"]
    assert engine.get("/v1/jobs/cancelled")[1]["status"] == "running"
    waiting = engine.http.delete("/v1/jobs/waiting").json()
    assert waiting["status"] == "cancelled"
    engine.http.delete("/v1/jobs/cancelled")
    assert engine.events("cancelled")[-1]["type"] == "cancelled"
    assert engine.get("/v1/jobs/cancelled")[1]["status"] == "cancelled"
    assert engine.http.delete("/v1/jobs/cancelled").json()["status"] == "cancelled"
    for path in ("index", "index/rows"):
        status, body = engine.get(f"/v1/jobs/cancelled/{path}")
        assert (status, body["error"]["code"]) == (409, "job_not_done")


def worker_of(engine: Engine) -> int:
    """Process id of the running training process."""
    children = Path(f"/proc/{engine.process.pid}/task").glob("*/children")
    found = [int(pid) for child in children for pid in child.read_text().split()]
    assert len(found) == 1
    return found[0]


def test_a_training_process_that_dies_fails_its_job_only(engine: Engine) -> None:
    engine.post("/v1/jobs", engine.job("crashed", 40, **LONG))
    engine.events("crashed", until="step")
    os.kill(worker_of(engine), signal.SIGKILL)
    final = engine.events("crashed")[-1]
    assert final["type"] == "failed"
    assert final["message"]
    assert final["hint"]
    assert engine.generate(messages=question("hi"), maxTokens=2)[1]["tokenIds"]
    engine.post("/v1/jobs", engine.job("after", 8))
    assert engine.events("after")[-1]["type"] == "done"
    assert engine.post("/v1/jobs/crashed/resume", {})[0] == 202
    resumed = engine.events("crashed", final["seq"] + 1, until="step")
    assert [event["type"] for event in resumed][:2] == ["queued", "resumed"]
    _, status = engine.get("/v1/jobs/crashed")
    assert status["status"] == "running"
    assert "error" not in status
    engine.http.delete("/v1/jobs/crashed")
    assert engine.events("crashed")[-1]["type"] == "cancelled"
    for job in ("crashed", "after"):
        code, body = engine.post(f"/v1/jobs/{job}/resume", {})
        assert (code, body["error"]["code"]) == (409, "job_not_failed")


@pytest.fixture
def killed(tmp_path: Path, models: Path) -> tuple[Path, int]:
    """State of an engine killed in the middle of a training, with the same one queued once more."""
    engine = Engine(tmp_path / "state", models)
    engine.post("/v1/jobs", engine.job("running", 16, **KILLED))
    engine.post("/v1/jobs", engine.job("queued", 16, **KILLED))
    next_event = 0
    for _ in range(9):  # its state is kept after every fourth step
        next_event = engine.events("running", next_event, until="step")[-1]["seq"] + 1
    worker = worker_of(engine)
    engine.stop(signal.SIGKILL)
    return engine.state, worker


def test_a_killed_engine_goes_on_where_it_was(killed: tuple[Path, int], models: Path) -> None:
    state, worker = killed
    for _ in range(100):  # the training process must not outlive its engine
        if not Path(f"/proc/{worker}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()
    engine = Engine(state, models)
    events = engine.events("running")
    assert [event["seq"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds.count("started") == kinds.count("resumed") == 1
    resumed = kinds.index("resumed")
    steps = [event["step"] for event in events[resumed:] if event["type"] == "step"]
    assert events[resumed]["step"] > 0, "what was kept is not done again"
    assert steps == list(range(events[resumed]["step"] + 1, events[resumed]["steps"] + 1))
    _, status = engine.get("/v1/jobs/running")
    assert status["status"] == "done"
    log = engine.http.get("/v1/jobs/running/log").content
    logged = [json.loads(line) for line in log.splitlines()]
    assert [entry["step"] for entry in logged if entry["type"] == "step"] == list(range(1, steps[-1] + 1))
    finished = engine.events("queued")
    assert finished[-1]["type"] == "done", "what had not begun still runs"
    results = [events[-1]["result"], finished[-1]["result"]]
    for part in ("adapter", "checkpoint", "trainingLogRoot", "checkpoints"):
        assert results[0][part] == results[1][part], "as if nobody had killed it"
    step = results[0]["checkpoints"][0]["step"]
    path = f"/v1/jobs/running/checkpoints/{step}/files"
    kept = engine.http.get(f"{path}/state.safetensors").content
    assert hashing.to_hex(hashing.sha256(kept)) == results[0]["checkpoints"][0]["stateHash"]
    for wrong in (f"{path}/rng.pkl", f"/v1/jobs/running/checkpoints/{step + 1}/files/state.safetensors"):
        assert engine.get(wrong)[0] == 404
    engine.stop()
    engine = Engine(state, models)
    assert engine.events("queued") == finished, "a restart replays the same log"
    assert engine.events("running") == events
    engine.stop()


def test_two_engines_do_not_share_a_folder(tmp_path: Path) -> None:
    first = JobManager(tmp_path, tmp_path, tmp_path, "cpu", 1)
    with pytest.raises(EngineError, match="Another engine") as refusal:
        JobManager(tmp_path, tmp_path, tmp_path, "cpu", 1)
    assert refusal.value.code == "state_in_use"
    first.close()
    JobManager(tmp_path, tmp_path, tmp_path, "cpu", 1).close()


def test_a_job_that_never_gets_further_is_given_up(tmp_path: Path, base_path: Path) -> None:
    """Its process takes the engine down with it, say: that must not go on for ever."""
    job = Job.model_validate_json(json.dumps({"id": "bad", **plan("0x" + "1" * 64, 8)}))
    folder = tmp_path / folder_name("bad")
    folder.mkdir()
    write_json(folder / "job.json", job.model_dump())
    log = EventLog(folder / "events.jsonl")
    log.append("queued")
    log.append("started", steps=4)
    for _ in range(2):
        log.append("resumed", step=0, steps=4)
    manager = JobManager(tmp_path, base_path, tmp_path, "cpu", 1)
    status = manager.status("bad")
    manager.close()
    assert status["status"] == "failed"
    assert "resume" in status["error"]["hint"]


def test_rows_of_other_kinds_are_taken_and_malformed_ones_named(engine: Engine) -> None:
    def ask(*rows: Json, **training: object) -> tuple[int, Json]:
        asked = plan(engine.base, 1, **training)
        names = [{key: record(i)[key] for key in ("recordId", "cluster")} for i in range(len(rows))]
        asked["records"] = [{**name, **row} for name, row in zip(names, rows, strict=True)]
        return engine.post("/v1/estimate", asked)

    status, found = ask({"text": "All of it is trained."})
    assert (status, found["sample"]["trained"]) == (200, [[0, len(found["sample"]["text"])]])
    assert found["freeBytes"] > found["memoryBytes"]
    for rows, reason in (
        ([], "records"),
        ([{"text": "a"}, {"prompt": "b"}], "a row has"),
        ([{"text": " "}], "text must not be empty"),
        ([{"text": "x" * 20_000}], "longer than"),
    ):
        status, body = ask(*rows)
        assert (status, reason in body["error"]["message"]) == (400, True), body
    status, body = ask({"text": "a"}, mix=[{"datanet": 1, "weight": 1}])
    assert (status, body["error"]["field"]) == (400, "training.mix")
    status, body = ask({"text": "a"}, patience=2)
    assert (status, body["error"]["field"]) == (400, "training.patience")
    status, body = ask(
        *[{"text": f"{i}"} for i in range(4)], epochs=20, batchSize=1, checkpointEvery=1, heldOutEvery=0
    )
    assert status == 200
    status, body = ask(
        *[{"text": f"{i}"} for i in range(6)], epochs=20, batchSize=1, checkpointEvery=1, heldOutEvery=0
    )
    assert (status, body["error"]["field"]) == (400, "training.checkpointEvery")


def test_half_a_line_left_by_a_crash_is_no_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append("queued")
    log.append("started", steps=3)
    with path.open("ab") as file:
        file.write(b'{"seq":2,"ty')
    assert [event["type"] for event in read_events(path)] == ["queued", "started"]
    EventLog(path).append("failed", message="m", hint="h")
    assert [(e["seq"], e["type"]) for e in read_events(path)] == [
        (0, "queued"),
        (1, "started"),
        (2, "failed"),
    ]


def test_an_unknown_folder_is_no_adapter(tmp_path: Path) -> None:
    store = AdapterStore(tmp_path)
    with pytest.raises(EngineError, match="no adapter"):
        store.folder("my-model")
