"""A calibration measures what trainings on halves of the records show, and goes on where it ended."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from openlora.attribution.fidelity import half_subset
from openlora.attribution.index import AttributionIndex
from openlora.errors import EngineError
from openlora.files import write_json
from openlora.models.base import load_tokenizer, read_info
from openlora.train import calibrate, worker
from openlora.train.data import split
from openlora.train.events import EventLog, read_events
from openlora.train.retrain import Retrainer
from openlora.train.rows import make_examples
from openlora.train.spec import Calibration, Job, Training, folder_name
from openlora.train.trainer import Trainer
from openlora.verify import hashing

from .conftest import Json, plan

RECORDS = 18  # of 24, a quarter of which are held out


class Measured:
    """A training of five epochs, and where its calibration runs."""

    def __init__(self, root: Path, base: Path) -> None:
        self.base, self.state = base, root / "state"
        self.job = Job.model_validate({"id": "measured", **plan(read_info(base).id, 24, epochs=5)})
        folder = root / "jobs" / folder_name("measured")
        folder.mkdir(parents=True)
        write_json(folder / "job.json", self.job.model_dump())
        log = EventLog(folder / "events.jsonl")
        worker.run_training(self.job, folder, base, self.state, "cpu", log)
        self.adapter: str = read_events(folder / "events.jsonl")[-1]["result"]["adapter"]
        self.folder = root / "jobs" / "calibration"
        self.folder.mkdir()

    @property
    def kept(self) -> Path:
        return self.state / "adapters" / self.adapter / "calibration" / "runs.json"

    def run(self, runs: int = 24) -> tuple[list[Json], bytes]:
        """Events and file of a calibration of so many runs."""
        job = Calibration(id="c", job="measured", adapter=self.adapter, runs=runs)
        path = self.folder / "events.jsonl"
        path.unlink(missing_ok=True)
        calibrate.run(job, self.folder, self.base, self.state, "cpu", EventLog(path))
        return read_events(path), (self.folder / calibrate.DATA).read_bytes()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, base_path: Path) -> Measured:
    return Measured(tmp_path_factory.mktemp("measured"), base_path)


@pytest.fixture(scope="module")
def first(measured: Measured) -> tuple[list[Json], bytes]:
    return measured.run()


def test_each_run_is_told_and_the_number_follows_from_the_file(first: tuple[list[Json], bytes]) -> None:
    events, body = first
    assert [e["type"] for e in events] == ["started", *["run"] * 24, "done"]
    assert (events[0]["steps"], events[0]["questions"], events[0]["records"]) == (24, 24, RECORDS)
    assert [e["step"] for e in events[1:-1]] == list(range(1, 25))
    result = events[-1]["result"]
    data = json.loads(body)
    assert hashing.canonical(data) == body
    assert result["dataHash"] == hashing.to_hex(hashing.keccak256(body))
    found = calibrate.measure_data(data)
    given = (result["ldsBps"], result["lowBps"], result["highBps"])
    assert (found.lds_bps, found.low_bps, found.high_bps) == given
    assert result["lowBps"] < result["ldsBps"] < result["highBps"]


def test_scores_are_those_of_the_rows_as_shipped(measured: Measured, first: tuple[list[Json], bytes]) -> None:
    rows = AttributionIndex(measured.state / "adapters" / measured.adapter / "index").rows
    data = json.loads(first[1])
    assert data["records"] == len(rows) == RECORDS
    for asked in data["questions"]:
        query = np.frombuffer(bytes.fromhex(asked["query"][2:]), np.int8)
        assert (rows.astype(np.int64) @ query).tolist() == asked["scores"]


def test_losses_are_those_of_a_training_on_that_half(
    measured: Measured, first: tuple[list[Json], bytes], base_path: Path
) -> None:
    """Trained anew from what the file says: two epochs for five, the records that the adapter's id draws."""
    data = json.loads(first[1])
    assert data["epochs"] == 2
    tokenizer = load_tokenizer(base_path)
    records = [record.plain for record in measured.job.records]
    parts = split(make_examples(tokenizer, records, 128), 4)
    training = Training(**{**measured.job.training.model_dump(), "epochs": 2})
    pad, device = tokenizer.pad_token_id, torch.device("cpu")
    trainer = Trainer(read_info(base_path), measured.job.method, training, pad, device)
    retrainer = Retrainer(trainer, parts.train)
    answers = json.loads(measured.kept.read_text())["answers"]
    messages = {record.recordId: record.plain["messages"][:-1] for record in measured.job.records}
    targets = make_examples(
        tokenizer,
        [
            {
                "recordId": asked["recordId"],
                "cluster": asked["recordId"],
                "messages": [
                    *messages[asked["recordId"]],
                    {"role": "assistant", "content": answer.strip() or "."},
                ],
            }
            for asked, answer in zip(data["questions"], answers, strict=True)
        ],
        128,
    )
    roots = [hashing.to_hex(hashing.tokens_root(target.tokens)) for target in targets]
    assert roots == [asked["tokensRoot"] for asked in data["questions"]]
    for run in (0, 5):
        taken = half_subset(data["adapter"], run, RECORDS)
        retrainer.run({parts.train[at].record_id for at in taken}, lambda step, steps: None)
        np.testing.assert_allclose(retrainer.losses(targets) * 1e6, data["losses"][run], rtol=1e-4, atol=200)


def test_it_goes_on_from_the_last_whole_run_to_the_same_file(
    measured: Measured, first: tuple[list[Json], bytes]
) -> None:
    kept = json.loads(measured.kept.read_text())
    write_json(measured.kept, {**kept, "losses": kept["losses"][:21]})
    events, body = measured.run()
    assert [e["step"] for e in events if e["type"] == "run"] == [22, 23, 24]
    again, before = json.loads(body), json.loads(first[1])
    # Another number of threads may have been faster this time, which the last bits show.
    np.testing.assert_allclose(again.pop("losses"), before.pop("losses"), rtol=1e-4, atol=200)
    assert again == before


def test_more_runs_keep_those_that_there_are(measured: Measured, first: tuple[list[Json], bytes]) -> None:
    events, body = measured.run(26)
    assert [e["step"] for e in events if e["type"] == "run"] == [25, 26]
    assert json.loads(body)["losses"][:24] == json.loads(first[1])["losses"]


def test_too_few_records_are_refused(base_path: Path) -> None:
    job = Job.model_validate({"id": "few", **plan("base", 12)})
    records = [record.plain for record in job.records]
    parts = split(make_examples(load_tokenizer(base_path), records, 128), 4)
    with pytest.raises(EngineError, match="9 records are too few"):
        calibrate.require_questions(parts)
