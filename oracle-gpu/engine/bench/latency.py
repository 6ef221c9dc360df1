"""What attribution adds to an answer: the time of one, and how many a server gives at once.

    python -m bench.latency

An adapter is trained first on the records of the studies, so that its index is one of a release.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from bench.attribution.tasks import TRAIN
from bench.measure import Measure, report
from bench.retrieval.measure import load_records
from bench.server import Server, serving
from openlora.config import core_count

TOKENS = 128
ALONE = 5  # answers one after another
AT_ONCE = 16
LIMIT = 256  # of a record, tokens
Json = dict[str, Any]


def records() -> list[Json]:
    """As a training job takes them."""
    return [
        {"recordId": record.recordId, "cluster": record.cluster, "messages": record.plain["messages"]}
        for record in load_records()[:TRAIN]
    ]


def ask(server: Server, adapter: str, number: int, attributed: bool) -> tuple[float, float]:
    """Seconds of generation and of attribution of one answer of TOKENS tokens."""
    content = f"Write a long list of everything that a token contract with number {number} does."
    body = {"adapter": adapter, "messages": [{"role": "user", "content": content}], "maxTokens": TOKENS}
    answer = server.generate({**body, "temperature": 1.0, "seed": number})
    if not attributed:
        return answer.done, 0.0
    started = time.monotonic()
    tokens = {key: answer.event[key] for key in ("promptTokenIds", "tokenIds")}
    server.post("/v1/attribute", {"adapter": adapter, **tokens})
    return answer.done, time.monotonic() - started


def together(server: Server, adapter: str, attributed: bool) -> float:
    """Answers a second, AT_ONCE callers who ask one after another."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = time.monotonic()
        list(pool.map(lambda number: ask(server, adapter, number, attributed), range(AT_ONCE)))
        return AT_ONCE / (time.monotonic() - started)


def main() -> None:
    with serving(core_count()) as server:
        training = {"epochs": 1, "batchSize": 8, "maxLength": LIMIT, "learningRate": 1e-3, "heldOutEvery": 10}
        result = server.train("latency", records(), training)
        adapter = result["adapter"]
        ask(server, adapter, 0, True)  # warm
        alone = [ask(server, adapter, number, True) for number in range(ALONE)]
        plain = together(server, adapter, False)
        full = together(server, adapter, True)
    share = median(attribution / generation for generation, attribution in alone)
    print(f"\r{TOKENS} tokens at temperature 1; index of {result['index']['rows']} rows")
    report([
        Measure("latency", "generation of one answer", median(each[0] for each in alone), "s"),
        Measure("latency", "its attribution, after the last token", median(each[1] for each in alone), "s"),
        Measure("latency", "attribution ÷ generation", round(share, 3), "", "<=0.25"),
        Measure("latency", f"{AT_ONCE} at once, unattributed", round(plain, 3), "per s"),
        Measure("latency", f"{AT_ONCE} at once, attributed", round(full, 3), "per s"),
        Measure("latency", "attributed ÷ unattributed", round(full / plain, 3), "", ">=0.6"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
