"""Train on several contributors' JSONL files through the HTTP interface, ask, and see whose records led.

    python examples/train_and_ask.py http://127.0.0.1:8100 token.jsonl access.jsonl governance.jsonl

Each file is one contributor. Asks trained questions and prints how often the best record, and the largest
sum of scores, belong to the contributor whose record the question comes from.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from openlora.verify import hashing

Json = dict[str, Any]


def read_records(files: list[Path]) -> tuple[list[Json], dict[str, str]]:
    """Records as the engine takes them, and who contributed each."""
    records: list[Json] = []
    owners: dict[str, str] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            id = hashing.to_hex(hashing.record_id(record))
            if id not in owners:
                owners[id] = file.stem
                records.append({"recordId": id, "cluster": id, "messages": record["messages"]})
    return records, owners


def stream(http: httpx.Client, method: str, path: str, body: Json | None = None) -> Iterator[Json]:
    with http.stream(method, path, json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def train(http: httpx.Client, job: str, records: list[Json], training: Json) -> Json:
    base = http.get("/health").json()["base"]["id"]
    method = {"kind": "lora", "rank": 8, "alpha": 16, "dropout": 0, "targetModules": "all-linear"}
    body = {"id": job, "base": base, "method": method, "training": training, "records": records}
    http.post("/v1/jobs", json=body).raise_for_status()
    result: Json = {}
    for event in stream(http, "GET", f"/v1/jobs/{job}/events"):
        if event["type"] == "step" and event["step"] % 10 == 0:
            left = event["secondsLeft"]
            print(f"step {event['step']}/{event['steps']}, loss {event['loss']:.2f}, {left} s left")
        elif event["type"] == "evaluation":
            print(f"held-out loss {event['when']}: {event['heldOutLoss']:.3f}")
        elif event["type"] == "failed":
            raise SystemExit(f"{event['message']} {event['hint']}")
        elif event["type"] == "done":
            result = event["result"]
    print(f"trained in {result['seconds']} s: {json.dumps(result['evaluation'])}")
    return result


def ask(http: httpx.Client, adapter: str, record: Json) -> tuple[str, list[Json], float]:
    """The model's answer, the records that shaped it, and the seconds attribution took."""
    body = {"adapter": adapter, "messages": record["messages"][:-1], "maxTokens": 64}
    done = list(stream(http, "POST", "/v1/generate", body))[-1]
    query = {key: done[key] for key in ("promptTokenIds", "tokenIds")}
    started = time.monotonic()
    found = http.post("/v1/attribute", json={"adapter": adapter, **query}).json()
    return done["text"], found["records"], time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--job", default=f"example-{int(time.time())}", help="again: asks without training")
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--batch-size", type=int, default=4)
    chosen = parser.parse_args()
    records, owners = read_records(chosen.files)
    training = {
        "epochs": chosen.epochs,
        "learningRate": chosen.learning_rate,
        "batchSize": chosen.batch_size,
        "maxLength": 256,
        "seed": 7,
        "heldOutEvery": 12,
    }
    with httpx.Client(base_url=chosen.engine, timeout=600) as http:
        result = train(http, chosen.job, records, training)
        rows = http.get(f"/v1/jobs/{chosen.job}/index").json()["rows"]
        trained = {row["recordId"] for row in rows}
        pool = [record for record in records if record["recordId"] in trained]
        count = Counter[str]()
        seconds = 0.0
        picked = random.Random(3).sample(pool, min(chosen.questions, len(pool)))
        for record in picked:
            answer, found, took = ask(http, result["adapter"], record)
            seconds += took
            owner = owners[record["recordId"]]
            sums = Counter[str]()
            for row in found:
                sums[owners[row["recordId"]]] += row["score"]
            count["best record's contributor"] += bool(found) and owners[found[0]["recordId"]] == owner
            count["leading contributor"] += bool(sums) and sums.most_common(1)[0][0] == owner
            count["the very record first"] += bool(found) and found[0]["recordId"] == record["recordId"]
            count["no record above the threshold"] += not found
            print(f"{owner:12} {dict(sums)} {record['messages'][-2]['content']} -> {answer}")
        for name, number in count.items():
            print(f"{name}: {number}/{len(picked)}")
        print(f"attribution: {seconds / len(picked):.2f} s per answer")


if __name__ == "__main__":
    main()
