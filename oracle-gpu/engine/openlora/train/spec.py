"""What a training job asks for, parsed at the border."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from openlora import config
from openlora.attribution.fidelity import MAX_RUNS, MIN_RUNS
from openlora.verify import hashing

Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
MAX_ID = 128
JobId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=MAX_ID)]


# rslora: scaled by alpha ÷ √rank instead of alpha ÷ rank. dora: norms of a layer's rows are learned apart.
# qlora: lora, trained on a base in four bits.
Kind = Literal["lora", "rslora", "dora", "qlora"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Message(Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class Record(Strict):
    recordId: Hash
    cluster: Hash
    messages: list[Message]

    @property
    def plain(self) -> dict[str, Any]:
        return self.model_dump()


class Method(Strict):
    kind: Kind = "lora"
    rank: int = Field(default=8, ge=1, le=config.MAX_RANK)
    alpha: int = Field(default=16, ge=1, le=1024)
    dropout: float = Field(default=0.0, ge=0, lt=1, strict=False)
    targetModules: Literal["all-linear"] = "all-linear"


class Training(Strict):
    epochs: int = Field(default=3, ge=1, le=config.MAX_EPOCHS)
    learningRate: float = Field(default=3e-3, gt=0, le=1, strict=False)
    batchSize: int = Field(default=4, ge=1, le=config.MAX_BATCH)
    maxLength: int = Field(default=512, ge=8)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    heldOutEvery: int = Field(default=10, ge=0)

    @field_validator("heldOutEvery")
    @classmethod
    def _leaves_something(cls, value: int) -> int:
        if value == 1:
            raise ValueError("1 would keep every record out of training; use 0 for none or 2 and more")
        return value


class Plan(Strict):
    """A training job without its id: what `/v1/estimate` takes."""

    base: str
    method: Method = Method()
    training: Training = Training()
    records: list[Record] = Field(min_length=1, max_length=config.MAX_RECORDS)


class Named(Strict):
    """What every kind of job has."""

    id: JobId

    @property
    def digest(self) -> str:
        """Identity of the job's content: the same id with another digest is a conflict."""
        return hashing.to_hex(hashing.sha256(hashing.canonical(self.model_dump())))


class Job(Plan, Named):
    """A training."""


class CalibrationBody(Strict):
    """How many runs a calibration shall have; its job adds whose."""

    runs: int = Field(default=MIN_RUNS, ge=MIN_RUNS, le=MAX_RUNS, multiple_of=2)


class Calibration(CalibrationBody, Named):
    """A measure of how well the scores of a finished training's adapter hold."""

    job: JobId  # the training
    adapter: Hash  # what it made


def folder_name(id: str) -> str:
    """A job's id as a file name on any file system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", id)[:64] + "-" + hashing.sha256(id.encode()).hex()[:12]


def read_job(folder: Path) -> Job | Calibration:
    """What was asked for in the folder of a job."""
    body = (folder / "job.json").read_bytes()
    return (Calibration if "adapter" in json.loads(body) else Job).model_validate_json(body)
