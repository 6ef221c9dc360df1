"""Calibrations as jobs of an engine: asked for, refused, interrupted, and gone on with."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from openlora.train.calibrate import measure_data
from openlora.verify import hashing

from .conftest import Engine, Json

ID = "measured.calibration-24"


@pytest.fixture(scope="module")
def measured(engine: Engine) -> Json:
    """The result of a calibration of 24 runs on a training of 24 records, a quarter of them held out."""
    engine.post("/v1/jobs", engine.job("measured", epochs=5))
    assert engine.events("measured")[-1]["type"] == "done"
    status, cost = engine.get("/v1/jobs/measured/calibration?runs=24")
    assert status == 200
    assert cost["id"] == ID
    assert (cost["runs"], cost["runsDone"], cost["questions"], cost["records"]) == (24, 0, 24, 18)
    assert cost["seconds"] > 0
    status, body = engine.post("/v1/jobs/measured/calibration", {"runs": 24})
    assert (status, body["id"]) == (202, ID)
    final = engine.events(ID)[-1]
    assert final["type"] == "done", final
    result: Json = final["result"]
    return result


def test_a_calibration_tells_its_story_and_repeats_its_answer(engine: Engine, measured: Json) -> None:
    events = engine.events(ID)
    assert [e["type"] for e in events] == ["queued", "started", *["run"] * 24, "done"]
    assert (events[1]["steps"], events[1]["questions"], events[1]["records"]) == (24, 24, 18)
    assert [e["step"] for e in events[2:-1]] == list(range(1, 25))
    assert events[-2]["secondsLeft"] == 0
    _, status = engine.get(f"/v1/jobs/{ID}")
    assert (status["status"], status["step"], status["steps"]) == ("done", 24, 24)
    assert status["result"] == measured
    assert engine.post("/v1/jobs/measured/calibration", {"runs": 24})[1] == {"id": ID, "status": "done"}
    assert engine.get("/v1/jobs/measured/calibration?runs=24")[1]["runsDone"] == 24


def test_its_file_is_served_as_hashed(engine: Engine, measured: Json) -> None:
    body = engine.http.get(f"/v1/jobs/{ID}/data").content
    assert hashing.to_hex(hashing.keccak256(body)) == measured["dataHash"]
    found = measure_data(json.loads(body))
    given = tuple(measured[name] for name in ("ldsBps", "lowBps", "highBps"))
    assert (found.lds_bps, found.low_bps, found.high_bps) == given


def test_what_cannot_be_measured_is_refused(engine: Engine, measured: Json) -> None:
    def refusal(path: str, body: Json) -> tuple[int, str]:
        status, answer = engine.post(path, body)
        return status, answer["error"]["code"]

    assert refusal("/v1/jobs/nothing/calibration", {}) == (404, "job_not_found")
    assert refusal(f"/v1/jobs/{ID}/calibration", {}) == (409, "not_a_training")
    for runs in (22, 25, 258):
        assert refusal("/v1/jobs/measured/calibration", {"runs": runs}) == (400, "invalid_request")
        assert engine.get(f"/v1/jobs/measured/calibration?runs={runs}")[0] == 400
    engine.post("/v1/jobs", engine.job("few", 12))
    assert engine.events("few")[-1]["type"] == "done"
    assert refusal("/v1/jobs/few/calibration", {}) == (409, "too_few_records")
    assert engine.get("/v1/jobs/few/data")[1]["error"]["code"] == "job_not_done"


def test_it_goes_on_after_a_kill_gives_way_to_a_training_and_is_begun_again_when_cancelled(
    tmp_path: Path, models: Path
) -> None:
    name = "measured.calibration-40"
    engine = Engine(tmp_path / "state", models)
    engine.post("/v1/jobs", engine.job("measured"))
    assert engine.events("measured")[-1]["type"] == "done"
    engine.post("/v1/jobs/measured/calibration", {"runs": 40})
    engine.events(name, until="run")
    engine.stop(signal.SIGKILL)

    engine = Engine(engine.state, models)
    engine.events(name, until="run")
    engine.post("/v1/jobs", engine.job("urgent", 8))
    assert engine.events("urgent")[-1]["type"] == "done"
    assert engine.get(f"/v1/jobs/{name}")[1]["status"] == "running"

    engine.http.delete(f"/v1/jobs/{name}")
    assert engine.events(name)[-1]["type"] == "cancelled"
    assert engine.get("/v1/jobs/measured/calibration?runs=40")[1]["runsDone"] > 0
    assert engine.post("/v1/jobs/measured/calibration", {"runs": 40})[1]["status"] in ("queued", "running")
    events = engine.events(name)
    assert events[-1]["type"] == "done", events[-1]
    assert next(e["step"] for e in events if e["type"] == "run") > 1, "whole runs are kept"
    assert events[-1]["result"]["runs"] == 40
    engine.stop()
