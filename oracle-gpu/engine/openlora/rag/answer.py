"""What passages did for a finished answer: support, citations, and sentences that nothing supports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from openlora.engine.grounding import Grounding, surprise
from openlora.models.base import BaseModel
from openlora.rag.sentences import sentences, tokens_of_sentences, utf16
from openlora.rag.spec import GivenPassage
from openlora.rag.support import Clusters, cited, explain, needed


@dataclass(frozen=True)
class Groups:
    """Passages by cluster, so that near-duplicates do not hide each other."""

    members: list[list[int]]  # places of the passages of each cluster, clusters in the order given
    clusters: list[str]
    records: list[str]  # the first of each cluster

    @staticmethod
    def of(passages: Sequence[GivenPassage]) -> Groups:
        members: dict[str, list[int]] = {}
        for place, passage in enumerate(passages):
            members.setdefault(passage.cluster, []).append(place)
        records = [passages[places[0]].recordId for places in members.values()]
        return Groups(list(members.values()), list(members), records)

    def places(self, chosen: Clusters) -> list[int]:
        return sorted(place for cluster in chosen for place in self.members[cluster])


def measure(
    base: BaseModel, tokenizer: Any, grounding: Grounding, groups: Groups, tokens: Sequence[int], text: str
) -> Iterator[dict[str, Any] | None]:
    """None after each pass over the answer, at last what docs/interfaces.md calls `passages`.

    `tokens` are the answer's, `text` what serving made of them.
    """
    count = len(groups.members)
    spans = sentences(text)
    parts = tokens_of_sentences(tokenizer, tokens, text, spans)
    surprises: dict[Clusters, list[int]] = {}
    for chosen in needed(count):
        surprises[chosen] = surprise(base, grounding, groups.places(chosen), tokens)
        yield None
    whole = explain(surprises, count, [place for part in parts for place in part])
    citations, unsupported = [], []
    for (start, end), part in zip(spans, parts, strict=True):
        found = cited(explain(surprises, count, part))
        bounds = (utf16(text, start), utf16(text, end))
        if found:
            first = [groups.members[cluster][0] for cluster in found]
            citations.append({"start": bounds[0], "end": bounds[1], "passages": first})
        else:
            unsupported.append([*bounds])
    yield {
        "tokens": sum(len(passage) for passage in grounding.layout.passages),
        "support": [
            {"recordId": record, "cluster": cluster, "support": support}
            for record, cluster, support in zip(groups.records, groups.clusters, whole.support, strict=True)
        ],
        "citations": citations,
        "unsupported": unsupported,
    }
