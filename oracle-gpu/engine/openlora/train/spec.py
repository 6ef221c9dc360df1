"""What a training job asks for, parsed at the border."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from openlora import config
from openlora.attribution.fidelity import MAX_RUNS, MIN_RUNS
from openlora.verify import hashing

Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
MAX_ID = 128
JobId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=MAX_ID)]


# rslora: scaled by alpha ÷ √rank instead of alpha ÷ rank. dora: norms of a layer's rows are learned apart.
# qlora: lora, trained on a base in four bits.
Kind = Literal["lora", "rslora", "dora", "qlora"]


Schedule = Literal["linear", "cosine", "constant"]

# Which layers carry an adapter: all linear ones but the output head, or those of the attention alone.
Targets = Literal["all-linear", "attention"]


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


# A row of each kind of data: what it holds beside its names. `rows.py` says how each is rendered.
SHAPES: dict[frozenset[str], str] = {
    frozenset({"messages"}): "chat",
    frozenset({"prompt", "response"}): "instruction",
    frozenset({"text"}): "document",
    frozenset({"prompt", "chosen", "rejected"}): "preference",
    frozenset({"text", "label"}): "classification",
}


class Row(Strict):
    """A record to train on, of one of the kinds in SHAPES. `datanet`: which share of a mix it is of."""

    recordId: Hash
    cluster: Hash
    datanet: int | None = Field(default=None, ge=0)
    messages: list[Message] | None = None
    prompt: str | None = None
    response: str | None = None
    text: str | None = None
    label: str | None = None
    chosen: str | None = None
    rejected: str | None = None

    @property
    def kind(self) -> str:
        return SHAPES[frozenset(self._content())]

    @property
    def plain(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)

    @property
    def bytes(self) -> int:
        """Of its texts, as UTF-8."""
        texts = [self.prompt, self.response, self.text, self.label, self.chosen, self.rejected]
        texts += [message.content for message in self.messages or []]
        return sum(len(text.encode()) for text in texts if text)

    def _content(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True, exclude={"recordId", "cluster", "datanet"})

    @model_validator(mode="after")
    def _one_shape(self) -> Row:
        found = self._content()
        if frozenset(found) not in SHAPES:
            shapes = "; ".join(" and ".join(sorted(shape)) for shape in SHAPES)
            have = " and ".join(sorted(found)) or "nothing"
            raise ValueError(f"a row has {shapes}; this one has {have}")
        return self


class Share(Strict):
    """How much of a mix the records of one datanet are, in relation to the others."""

    datanet: int = Field(ge=0)
    weight: int = Field(ge=1, le=10_000)


class Method(Strict):
    kind: Kind = "lora"
    rank: int = Field(default=8, ge=1, le=config.MAX_RANK)
    alpha: int = Field(default=16, ge=1, le=1024)
    dropout: float = Field(default=0.0, ge=0, lt=1, strict=False)
    targetModules: Targets = "all-linear"


class Training(Strict):
    epochs: int = Field(default=3, ge=1, le=config.MAX_EPOCHS)
    learningRate: float = Field(default=3e-3, gt=0, le=1, strict=False)
    batchSize: int = Field(default=4, ge=1, le=config.MAX_BATCH)
    maxLength: int = Field(default=512, ge=8)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    heldOutEvery: int = Field(default=10, ge=0)
    # The defaults of what follows are what trainings did before it could be chosen.
    heldOutBy: Literal["record", "cluster"] = "record"  # cluster: no near-duplicate of one is trained
    accumulate: int = Field(default=1, ge=1, le=config.MAX_ACCUMULATE)  # batches whose gradients make a step
    schedule: Schedule = "linear"
    warmup: float = Field(default=0.06, ge=0, le=0.5, strict=False)  # share of the steps
    packing: bool = False  # records end to end in one sequence, none of which sees another
    patience: int = Field(default=0, ge=0, le=config.MAX_EPOCHS)  # epochs without a better held-out loss
    checkpointEvery: int = Field(default=0, ge=0)  # steps between committed states; 0: none
    beta: float = Field(default=0.1, gt=0, le=10, strict=False)  # of preferences: how far from the base
    mix: list[Share] = Field(default_factory=list, max_length=32)

    @property
    def perStep(self) -> int:
        """Records of a step."""
        return self.batchSize * self.accumulate

    @field_validator("mix")
    @classmethod
    def _named_once(cls, value: list[Share]) -> list[Share]:
        if len({share.datanet for share in value}) < len(value):
            raise ValueError("a datanet has one weight")
        return value

    @model_validator(mode="after")
    def _stops_on_something(self) -> Training:
        if self.patience and not self.heldOutEvery:
            raise ValueError("patience needs held-out records to look at: set heldOutEvery to 2 or more")
        return self

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
    records: list[Row] = Field(min_length=1, max_length=config.MAX_RECORDS)


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
