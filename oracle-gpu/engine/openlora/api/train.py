"""Routes of training: jobs, their events and files, adapters."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from openlora import config
from openlora.adapters.store import FILES
from openlora.api.runtime import Runtime, get_runtime
from openlora.attribution.fidelity import MAX_RUNS, MIN_RUNS
from openlora.attribution.index import INDEX, ROWS, index_leaves, read_row
from openlora.errors import EngineError
from openlora.models.quantise import require_quantisable
from openlora.train.calibrate import DATA, calibration_estimate, require_questions
from openlora.train.data import Split
from openlora.train.estimate import SPEED, index_speed, train_speed
from openlora.train.events import FINAL, read_tail
from openlora.train.examples import bad_record
from openlora.train.schedule import prepare as prepare_rows
from openlora.train.schedule import step_count
from openlora.train.spec import MAX_ID, Calibration, CalibrationBody, Job, Plan, read_job
from openlora.train.state import COMMITTED, STATE

router = APIRouter(prefix="/v1")
Runs = Annotated[int, Query(ge=MIN_RUNS, le=MAX_RUNS, multiple_of=2)]
MAX_COMMITTED = 100  # states of one training, each three times its adapter
POLL_SECONDS = 0.15  # how often a live stream looks for new events
PING_SECONDS = 15.0  # a comment that keeps idle connections open


@router.post("/jobs", status_code=202)
async def create(body: Job, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    await asyncio.to_thread(prepare, runtime, body)
    status = await asyncio.to_thread(runtime.jobs.submit, body)
    return {"id": status["id"], "status": status["status"]}


def prepare(runtime: Runtime, plan: Plan) -> Split:
    """Check a plan as the training itself will; EngineError names the record and the reason."""
    runtime.require_base(plan.base)
    if plan.method.kind == "qlora":
        require_quantisable(runtime.base.switch.layers, runtime.info.family)
    if plan.training.maxLength > runtime.info.context_length:
        message = f"maxLength exceeds the context of {runtime.info.context_length}: lower it."
        raise EngineError(400, "invalid_request", message, field="training.maxLength")
    seen: set[str] = set()
    for record in plan.records:
        if record.bytes > config.MAX_RECORD_BYTES:
            raise bad_record(record.recordId, f"it is longer than {config.MAX_RECORD_BYTES} bytes")
        if record.recordId in seen:
            raise bad_record(record.recordId, "it is listed twice")
        seen.add(record.recordId)
    parts = prepare_rows(runtime.tokenizer, plan.records, plan.training)
    every = plan.training.checkpointEvery
    if every and step_count(len(parts.train), plan.training) // every > MAX_COMMITTED:
        message = f"At most {MAX_COMMITTED} states of a training are kept: raise checkpointEvery."
        raise EngineError(400, "invalid_request", message, field="training.checkpointEvery")
    return parts


@router.get("/jobs")
async def jobs(request: Request) -> list[dict[str, Any]]:
    return await asyncio.to_thread(get_runtime(request).jobs.list)


@router.get("/jobs/{id}")
async def job(id: str, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).jobs.status, id)


@router.delete("/jobs/{id}")
async def cancel(id: str, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(get_runtime(request).jobs.cancel, id)


@router.post("/jobs/{id}/resume", status_code=202)
async def resume(id: str, request: Request) -> dict[str, Any]:
    """Go on with a job that failed, after the last step that was kept."""
    return await asyncio.to_thread(get_runtime(request).jobs.resume, id)


@router.get("/jobs/{id}/events")
async def events(id: str, request: Request) -> StreamingResponse:
    start = request.query_params.get("from", "0")
    if not start.isdigit():
        raise EngineError(400, "invalid_request", "The parameter from is a sequence number, 0 or more.")
    path = get_runtime(request).jobs.events_path(id)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = follow(path, int(start))
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def follow(path: Path, start: int) -> AsyncIterator[str]:
    """The log from `start`, then live, until the job's final event."""
    offset = 0
    spoken = time.monotonic()
    while True:
        found, offset = await asyncio.to_thread(read_tail, path, offset)
        for event in found:
            if event["seq"] >= start:
                yield f"id: {event['seq']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        if found and found[-1]["type"] in FINAL:  # one that failed may have been resumed
            return
        now = time.monotonic()
        if found:
            spoken = now
        elif now - spoken > PING_SECONDS:
            spoken = now
            yield ": waiting\n\n"
        await asyncio.sleep(POLL_SECONDS)


@router.get("/jobs/{id}/index")
async def index(id: str, request: Request) -> dict[str, Any]:
    folder = await index_folder(get_runtime(request), id)
    return {"rows": await asyncio.to_thread(index_leaves, folder)}


@router.get("/jobs/{id}/index/rows")
async def index_rows(id: str, request: Request) -> FileResponse:
    """The int8 components of all rows [rows, k], one after another."""
    folder = await index_folder(get_runtime(request), id)
    return FileResponse(folder / ROWS, media_type="application/octet-stream")


async def index_folder(runtime: Runtime, id: str) -> Path:
    """Where the index of a finished job lies; EngineError 404 or 409 where there is none."""
    status = await asyncio.to_thread(runtime.jobs.status, id)
    if "result" not in status:
        raise EngineError(409, "job_not_done", f"Job {id} is {status['status']}: it has no index yet.")
    return index_of(runtime, status["result"]["adapter"])


def index_of(runtime: Runtime, adapter: str) -> Path:
    """Where the index of a known adapter lies; EngineError 404 or 409 where there is none."""
    folder = runtime.store.folder(adapter) / "index"
    if not ((folder / INDEX).exists() and (folder / ROWS).exists()):
        raise EngineError(409, "no_index", f"The index of adapter {adapter} was removed: train it again.")
    return folder


@router.get("/jobs/{id}/log")
async def training_log(id: str, request: Request) -> FileResponse:
    path = get_runtime(request).jobs.folder(id) / "log.jsonl"
    if not path.exists():
        raise EngineError(409, "job_not_started", f"Job {id} has no training log yet: wait for its start.")
    return FileResponse(path, media_type="application/jsonl")


@router.get("/jobs/{id}/checkpoints/{step}/files/{name}")
async def committed_file(id: str, step: int, name: str, request: Request) -> FileResponse:
    """A file of a checkpoint that was committed with its state: the steps after it can be replayed."""
    folder = get_runtime(request).jobs.folder(id)
    if name not in (*FILES, STATE):
        raise EngineError(404, "file_not_found", f"A checkpoint has the files {', '.join((*FILES, STATE))}.")
    path = folder / COMMITTED / str(step) / name
    if not path.exists():
        raise EngineError(404, "checkpoint_not_found", f"Job {id} committed no state after step {step}.")
    return FileResponse(path, media_type="application/octet-stream")


@router.get("/jobs/{id}/calibration")
async def calibration_cost(id: str, request: Request, runs: Runs = MIN_RUNS) -> dict[str, Any]:
    """What measuring the fidelity of a finished training's adapter would take."""
    runtime = get_runtime(request)
    body = CalibrationBody.model_validate({"runs": runs})
    source, asked = await asyncio.to_thread(find_training, runtime, id, body)
    return await asyncio.to_thread(calibration_seconds, runtime, source, asked)


@router.post("/jobs/{id}/calibration", status_code=202)
async def calibrate(id: str, body: CalibrationBody, request: Request) -> dict[str, Any]:
    runtime = get_runtime(request)
    source, asked = await asyncio.to_thread(find_training, runtime, id, body)
    parts = await asyncio.to_thread(prepare, runtime, source)
    require_questions(parts)
    status = await asyncio.to_thread(runtime.jobs.submit, asked)
    return {"id": status["id"], "status": status["status"]}


@router.get("/jobs/{id}/data")
async def calibration_data(id: str, request: Request) -> FileResponse:
    path = get_runtime(request).jobs.folder(id) / DATA
    if not path.exists():
        message = f"Job {id} has no data: it is no calibration, or not done."
        raise EngineError(409, "job_not_done", message)
    return FileResponse(path, media_type="application/json")


def find_training(runtime: Runtime, id: str, body: CalibrationBody) -> tuple[Job, Calibration]:
    """A finished training, and the calibration of what it made; EngineError 404 or 409."""
    source = read_job(runtime.jobs.folder(id))
    if not isinstance(source, Job):
        raise EngineError(409, "not_a_training", f"Job {id} is no training: name one.")
    status = runtime.jobs.status(id)
    if "result" not in status:
        message = f"Job {id} is {status['status']}: only a finished training can be measured."
        raise EngineError(409, "job_not_done", message)
    adapter = status["result"]["adapter"]
    name = f"{id}.calibration-{body.runs}"
    if len(name) > MAX_ID:
        message = f"The id {id} is too long for a calibration's to be made of it."
        raise EngineError(400, "invalid_request", message)
    if not (runtime.store.folder(adapter) / "index" / INDEX).exists():
        raise EngineError(409, "no_index", f"The index of job {id} was removed: train it again.")
    return source, Calibration(id=name, job=id, adapter=adapter, runs=body.runs)


def calibration_seconds(runtime: Runtime, source: Job, asked: Calibration) -> dict[str, Any]:
    speed = train_speed(runtime.config.state, runtime.info, runtime.device)
    found = calibration_estimate(
        source,
        prepare(runtime, source),
        asked.runs,
        runtime.store.folder(asked.adapter),
        speed * SPEED[source.method.kind],
        index_speed(runtime.config.state, speed),
    )
    return {"id": asked.id, **found}


@router.get("/adapters")
async def adapters(request: Request) -> JSONResponse:
    runtime = get_runtime(request)
    return JSONResponse(await asyncio.to_thread(runtime.store.list, runtime.adapters.resident()))


@router.get("/adapters/{id}/files/{name}")
async def adapter_file(id: str, name: str, request: Request) -> FileResponse:
    return FileResponse(get_runtime(request).store.file(id, name), media_type="application/octet-stream")


@router.get("/adapters/{id}/index/rows/{position}")
async def index_row(id: str, position: int, request: Request) -> Response:
    """The int8 components [k] of one row."""
    folder = index_of(get_runtime(request), id)
    row = await asyncio.to_thread(read_row, folder, position)
    return Response(row, media_type="application/octet-stream")
