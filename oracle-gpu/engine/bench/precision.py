"""A base in fewer bits: what it loses on text that it was not made for, its memory and its speed.

    python -m bench.precision [whole|int8|int4 …]

Perplexity of the small model on windows of the records of bench/attribution/data, which no weight was chosen
by. Each precision in a process of its own, on one thread: speeds are per second of a core, whatever else
runs.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.measure import Measure, report
from openlora.config import Weights, fix_numerics

fix_numerics()

import torch  # noqa: E402
from torch.nn import functional  # noqa: E402

from bench.attribution.retrains import MODELS  # noqa: E402
from bench.serving import ask, prompts  # noqa: E402
from openlora.config import Limits  # noqa: E402
from openlora.engine.llm_engine import LLMEngine  # noqa: E402
from openlora.models.base import (  # noqa: E402
    BaseModel,
    choose_dtype,
    find_base,
    load_base,
    load_tokenizer,
    read_info,
)
from openlora.ops.quantised import GROUP, Int4Linear  # noqa: E402

DATA = Path(__file__).resolve().parent / "attribution" / "data"
CORPORA = ("numpy", "solidity")
WINDOW, WINDOWS = 512, 6  # tokens; of each corpus
REQUESTS, PROMPT, ANSWER = 8, 32, 16  # of which speed is measured
GOALS: dict[Weights, float] = {"int8": 1.0, "int4": 3.0}  # per cent of perplexity
CPU = torch.device("cpu")


def windows(path: Path, corpus: str) -> list[list[int]]:
    """The last records' texts, one after another."""
    lines = (DATA / f"{corpus}.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [message["content"] for line in reversed(lines) for message in json.loads(line)["messages"]]
    ids: list[int] = load_tokenizer(path)("\n\n".join(messages))["input_ids"]
    return [ids[at : at + WINDOW] for at in range(0, WINDOW * WINDOWS, WINDOW)]


@torch.no_grad()
def read(base: BaseModel, texts: Sequence[Sequence[int]]) -> tuple[float, list[int]]:
    """Nats per token, each after those of its window before it; and the token that was likeliest."""
    nats, chosen = 0.0, []
    for ids in texts:
        hidden = base.body(input_ids=torch.tensor([list(ids)]), use_cache=False).last_hidden_state[0, :-1]
        logits = base.logits(hidden).float()
        nats += float(functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="sum"))
        chosen += logits.argmax(-1).tolist()
    return nats / len(chosen), chosen


@torch.no_grad()
def shifted(base: BaseModel) -> None:
    """Give the layers numbers of four bits whose groups lie across those that the base was made of.

    The small model comes from a file in four bits, of the same groups of 32: "int4" finds its numbers again.
    Half a group further on it finds none, as in a base that never was in four bits.
    """
    for layer in base.switch.layers.values():
        assert isinstance(layer, torch.nn.Linear)
        layer.weight.copy_(layer.weight.roll(GROUP // 2, 1))
        layer.weight.copy_(Int4Linear(layer).whole().roll(-GROUP // 2, 1))


def speeds(base: BaseModel) -> dict[str, float]:
    """Tokens per second of a core: of prompts, and of answers that are made together or alone."""
    found = {}
    engine = LLMEngine(base, -1, 1, Limits())
    ask(engine, None, [7, 8, 9], 2).wait()
    for name, count, prompt, answer in (
        ("prompts", 2, 512, 1),
        ("together", REQUESTS, PROMPT, ANSWER),
        ("alone", 1, PROMPT, 2 * ANSWER),
    ):
        started = time.process_time()
        for each in [ask(engine, None, ids, answer) for ids in prompts(count, prompt, seed=answer)]:
            each.wait()
        tokens = count * (prompt if name == "prompts" else answer)
        found[name] = tokens / (time.process_time() - started)
    engine.close()
    return found


def run(weights: Weights) -> dict[str, object]:
    torch.set_num_threads(1)
    path = find_base(MODELS)
    texts = {corpus: windows(path, corpus) for corpus in CORPORA}
    dtype = choose_dtype("auto", CPU, read_info(path))
    base = load_base(path, dtype, CPU, weights=weights)
    found: dict[str, object] = {"bytes": base.bytes, "precision": base.precision}
    for corpus, ids in texts.items():
        found[corpus] = read(base, ids)
    found |= speeds(base)
    if weights == "int4":
        base = load_base(path, dtype, CPU)
        shifted(base)
        found["shifted"] = {corpus: read(base, ids)[0] for corpus, ids in texts.items()}
    return found


def main(chosen: Sequence[Weights]) -> None:
    """Against the whole weights in the same run."""
    measures = []
    whole: dict[str, Any] = {}
    for weights in dict.fromkeys(["whole", *chosen]):
        command = [sys.executable, "-m", "bench.precision", "--one", weights]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        whole = whole or found
        name = found["precision"]
        for corpus in CORPORA:
            (nats, tokens), (before, likeliest) = found[corpus], whole[corpus]
            measures.append(Measure("precision", f"{name}: perplexity, {corpus}", math.exp(nats), ""))
            if found is whole:
                continue
            more = 100 * math.expm1(nats - before)
            same = sum(a == b for a, b in zip(tokens, likeliest, strict=True)) / len(tokens)
            goal = f"<={GOALS[weights]}"
            measures.append(Measure("precision", f"{name}: perplexity more, {corpus}", more, "%", goal))
            measures.append(Measure("precision", f"{name}: likeliest token the same, {corpus}", same, ""))
            if "shifted" in found:
                more = 100 * math.expm1(found["shifted"][corpus] - before)
                label = f"{name} across the base's own groups: perplexity more, {corpus}"
                measures.append(Measure("precision", label, more, "%", goal))
        measures += [
            Measure("precision", f"{name}: weights", found["bytes"] / 1e6, "MB"),
            Measure("precision", f"{name}: reading prompts", found["prompts"], "tokens/core·s"),
            Measure("precision", f"{name}: {REQUESTS} answers together", found["together"], "tokens/core·s"),
            Measure("precision", f"{name}: one answer", found["alone"], "tokens/core·s"),
        ]
    report(measures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(run(sys.argv[2])))  # type: ignore[arg-type]
    else:
        main(sys.argv[1:] or list(GOALS))  # type: ignore[arg-type]
