"""Do citations name the record that answers? On the questions of bench/retrieval that nothing was tuned on.

    python -m bench.citations [QUESTIONS]

The base model, without an adapter, answers from what was found; support and citations follow from reading the
answer again. A citation counts as right only if it names the record that the question was written about, so
one of another record that says the same counts as wrong.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from bench.measure import Measure, report
from bench.retrieval.measure import load_questions, load_records
from bench.server import Server, serving
from openlora.config import core_count

KEY = "bench@1"
TOKENS = 64
TOP = 4
GOAL = 0.9


@dataclass(frozen=True)
class Asked:
    found: bool  # the record is among the passages
    cited: int  # citations, each pair of a sentence and a source
    right: int  # of them, those that name the record
    sentences: int
    unsupported: int
    generation: float  # seconds from the first to the last token
    measuring: float  # from the last token to the end


def ask(server: Server, question: str, title: str) -> Asked:
    found = server.post("/v1/retrieval/search", {"keys": [KEY], "query": question, "top": TOP})["passages"]
    places = [place for place, passage in enumerate(found) if passage["title"] == title]
    if not found:
        return Asked(False, 0, 0, 0, 0, 0.0, 0.0)
    passages = [{key: each[key] for key in ("recordId", "cluster", "text", "title")} for each in found]
    messages = [{"role": "user", "content": question}]
    answer = server.generate({"messages": messages, "maxTokens": TOKENS, "passages": passages})
    told = answer.event["passages"]
    sources = [place for citation in told["citations"] for place in citation["passages"]]
    sentences = len(told["citations"]) + len(told["unsupported"])
    right = sum(place in places for place in sources)
    times = (answer.last - answer.first, answer.done - answer.last)
    return Asked(bool(places), len(sources), right, sentences, len(told["unsupported"]), *times)


def rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def figures(asked: list[Asked]) -> list[Measure]:
    given = [each for each in asked if each.found]
    bench = "citations"

    def pair(name: str, chosen: list[Asked], goal: str | None) -> list[Measure]:
        precision = rate(sum(each.right for each in chosen), sum(each.cited for each in chosen))
        recall = rate(sum(each.right > 0 for each in chosen), len(chosen))
        return [
            Measure(bench, f"precision, {name}", round(precision, 4), "", goal),
            Measure(bench, f"recall, {name}", round(recall, 4), "", goal),
        ]

    chance = 1 / TOP
    generation = sum(each.generation for each in asked)
    measuring = sum(each.measuring for each in asked)
    unsupported = rate(sum(each.unsupported for each in asked), sum(each.sentences for each in asked))
    return [
        *pair("the record was retrieved", given, f">={GOAL}"),
        *pair("end to end", asked, None),
        Measure(bench, "precision of citing any passage at random", chance, ""),
        Measure(bench, f"record among {TOP} passages", rate(len(given), len(asked)), ""),
        Measure(bench, "sentences without support", round(unsupported, 4), ""),
        Measure(bench, "measuring support ÷ generation", round(measuring / generation, 3), "", "<=1"),
    ]


def main(most: int | None) -> None:
    questions = load_questions(tuning=False)[:most]
    with serving(core_count()) as server:
        server.put(f"/v1/retrieval/{KEY}", {"records": [record.plain for record in load_records()]})
        asked = []
        for number, (question, title) in enumerate(questions, start=1):
            asked.append(ask(server, question, title))
            print(f"\rquestion {number} of {len(questions)} ", end="", file=sys.stderr, flush=True)
    print(f"{len(asked)} questions, {TOP} passages at most, answers of at most {TOKENS} tokens, greedy")
    report(figures(asked))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
