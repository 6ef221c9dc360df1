"""Asking a training for an answer before it is done."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from openlora.adapters.store import AdapterStore, read_adapter
from openlora.errors import EngineError
from openlora.train.events import EventLog
from openlora.train.kept import kept_adapter, kept_adapters

from .conftest import Engine, Json, question


def test_a_checkpoint_answers_while_the_training_goes_on(engine: Engine) -> None:
    job = engine.job("tried", epochs=20, batchSize=1, heldOutEvery=0, checkpointEvery=10)
    assert engine.post("/v1/jobs", job)[0] == 202
    engine.events("tried", until="checkpoint")
    status, found = engine.get("/v1/jobs/tried/checkpoints")
    assert status == 200
    assert found[0]["step"] == 10
    status, lent = engine.post("/v1/jobs/tried/checkpoints/10/lend", {})
    assert (status, lent) == (200, found[0])
    _, done = engine.generate(
        adapter=lent["adapter"], messages=question("What is 3?"), maxTokens=8, temperature=0
    )
    assert done["tokenIds"]
    assert engine.get("/v1/jobs/tried")[1]["status"] == "running"
    assert lent["adapter"] not in [x["id"] for x in engine.get("/v1/adapters")[1]]
    status, body = engine.post("/v1/jobs/tried/checkpoints/11/lend", {})
    assert (status, body["error"]["code"]) == (404, "checkpoint_not_found")
    assert engine.post("/v1/jobs/none/checkpoints/10/lend", {})[0] == 404
    engine.http.delete("/v1/jobs/tried")
    for _ in range(200):  # the job's process is gone first
        if not (left := engine.get("/v1/jobs/tried/checkpoints")[1]):
            break
        time.sleep(0.05)
    assert left == []


def test_a_training_that_is_over_has_nothing_to_lend(engine: Engine, trained: Json) -> None:
    """Its work has moved into the store."""
    assert trained["adapter"]
    assert engine.get("/v1/jobs/first/checkpoints") == (200, [])


def test_what_is_gone_is_no_longer_lent(engine: Engine, trained: Json, tmp_path: Path) -> None:
    source = engine.state / "adapters" / trained["adapter"]
    folder = tmp_path / "job"
    early = folder / "work" / "checkpoint"
    shutil.copytree(source / "checkpoint", early)
    events = EventLog(folder / "events.jsonl")
    events.append("queued")
    digest = trained["checkpoint"]["digest"]
    events.append("checkpoint", step=4, digest=digest)
    events.append("checkpoint", step=10, digest=trained["adapter"])  # the last one is in the store itself
    assert kept_adapters(folder) == {4: (digest, early)}
    store = AdapterStore(tmp_path / "adapters")
    store.lend(*kept_adapter(folder, 4))
    assert read_adapter(store.folder(digest), digest).id == digest
    with pytest.raises(EngineError, match="kept no adapter after step 10"):
        kept_adapter(folder, 10)
    shutil.rmtree(folder / "work")
    with pytest.raises(EngineError, match="no adapter"):
        store.folder(digest)
