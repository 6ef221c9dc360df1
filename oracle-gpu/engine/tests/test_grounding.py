"""Answers from passages: reading them apart, leaving them out, and what follows for support and citations."""

from __future__ import annotations

import queue
import random
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from openlora.api.generate import ground
from openlora.engine.detokenizer import Detokenizer
from openlora.engine.grounding import Grounding, read_parts, require_apart, surprise
from openlora.engine.llm_engine import LLMEngine
from openlora.engine.sampling import Sampling
from openlora.engine.sequence import Sequence as Request
from openlora.errors import EngineError
from openlora.models.base import BaseModel, load_base, load_tokenizer
from openlora.rag.answer import Groups, measure
from openlora.rag.prompt import Layout, lay_out
from openlora.rag.sentences import sentences, tokens_of_sentences, utf16
from openlora.rag.spec import GivenPassage
from openlora.rag.support import MOST_CITED, NOISE, Explained, cited, explain, needed
from openlora.verify import hashing

from .conftest import Engine, Json, question
from .test_api import code

CPU = torch.device("cpu")
TEXTS = ["It pauses all.", "Roots are square, mostly.", "Burns shares of a vault."]
ANSWER = list(range(20, 44))  # token ids: any will do
Surprises = dict[frozenset[int], list[int]]


@pytest.fixture(scope="module")
def base(base_path: Path) -> BaseModel:
    return load_base(base_path, torch.float32, CPU)


@pytest.fixture(scope="module")
def tokenizer(base_path: Path) -> Any:
    return load_tokenizer(base_path)


def name(i: int) -> str:
    return hashing.to_hex(hashing.keccak256(str(i).encode()))


def given(texts: Sequence[str], clusters: Sequence[int] | None = None) -> list[GivenPassage]:
    chosen = clusters or range(len(texts))
    return [
        GivenPassage(recordId=name(i), cluster=name(100 + cluster), text=text, title=f"T{i}")
        for i, (text, cluster) in enumerate(zip(texts, chosen, strict=True))
    ]


def layout_of(tokenizer: Any, texts: Sequence[str] = TEXTS) -> Layout:
    return lay_out(tokenizer, question("Why?"), given(texts), 512)


@torch.no_grad()
def grounded(base: BaseModel, layout: Layout) -> Grounding:
    grounding = Grounding(layout)
    for _ in read_parts(base, grounding):
        pass
    return grounding


@torch.no_grad()
def reference(base: BaseModel, layout: Layout, answer: Sequence[int]) -> list[float]:
    """Surprise of the answer by one pass of the plain model over everything under a block-diagonal mask."""
    blocks = [layout.prefix, *layout.passages, [*layout.question, *answer]]
    ids = [token for block in blocks for token in block]
    owner = torch.tensor([number for number, block in enumerate(blocks) for _ in block])
    starts = [0, *(layout.question_start - len(block) for block in layout.passages), layout.question_start]
    positions = [start + i for start, block in zip(starts, blocks, strict=True) for i in range(len(block))]
    causal = torch.ones(len(ids), len(ids)).tril().bool()
    sees = (owner[:, None] == owner) | (owner == 0) | (owner[:, None] == len(blocks) - 1)
    mask = torch.where(causal & sees, 0.0, torch.finfo(torch.float32).min)[None, None]
    logits = base.model(
        input_ids=torch.tensor([ids]), position_ids=torch.tensor([positions]), attention_mask=mask
    ).logits[0]
    before = logits[len(ids) - len(answer) - 1 : -1].log_softmax(-1)
    surprises: list[float] = (-1_000 * before.gather(1, torch.tensor([answer]).T).squeeze(1)).tolist()
    return surprises


def test_passages_are_read_apart_as_under_a_block_diagonal_mask(base: BaseModel, tokenizer: Any) -> None:
    layout = layout_of(tokenizer)
    with torch.no_grad():
        found = surprise(base, grounded(base, layout), range(3), ANSWER)
    assert found == pytest.approx(reference(base, layout, ANSWER), abs=2)


@torch.no_grad()
def test_leaving_one_out_is_what_never_giving_it_is(base: BaseModel, tokenizer: Any) -> None:
    whole = grounded(base, layout_of(tokenizer))
    for left_out in range(3):
        kept = [place for place in range(3) if place != left_out]
        without = grounded(base, layout_of(tokenizer, [TEXTS[place] for place in kept]))
        renamed = Layout(
            whole.layout.prefix,
            [whole.layout.passages[place] for place in kept],
            whole.layout.question,
            whole.layout.room,
        )
        assert without.layout.question_start == whole.layout.question_start
        expected = surprise(base, grounded(base, renamed), range(2), ANSWER)
        assert surprise(base, whole, kept, ANSWER) == expected, "to the last bit"
        assert expected != surprise(base, whole, range(3), ANSWER), "and it matters"


@torch.no_grad()
def test_the_order_of_passages_means_nothing(base: BaseModel, tokenizer: Any) -> None:
    layout = layout_of(tokenizer)
    turned = Layout(layout.prefix, layout.passages[::-1], layout.question, layout.room)
    found = surprise(base, grounded(base, layout), range(3), ANSWER)
    assert surprise(base, grounded(base, turned), range(3), ANSWER) == pytest.approx(found, abs=2)


def ask(base: BaseModel, tokenizer: Any, passages: list[GivenPassage], tokens: int) -> Json:
    """The last event of an answer by an engine of its own."""
    runtime: Any = SimpleNamespace(base=base, tokenizer=tokenizer)
    layout = lay_out(tokenizer, question("Why?"), passages, 512)
    events: queue.Queue[tuple[str, Json]] = queue.Queue()
    request = Request(
        prompt=layout.tokens,
        max_tokens=tokens,
        sampling=Sampling(),
        adapter=None,
        detokenizer=Detokenizer(tokenizer, []),
        emit=lambda kind, data: events.put((kind, data)),
    )
    ground(runtime, request, layout, passages)
    engine = LLMEngine(base, end_token=-1, threads=2)
    engine.submit(request)
    kind, data = events.get(timeout=120)
    while kind == "token":
        kind, data = events.get(timeout=120)
    engine.close()
    assert kind == "done", data
    return data


def test_an_answer_is_what_the_plain_model_says_under_that_mask(base: BaseModel, tokenizer: Any) -> None:
    done = ask(base, tokenizer, given(TEXTS), 6)
    layout = layout_of(tokenizer)
    assert done["promptTokenIds"] == layout.tokens
    for length in range(6):
        best = (
            min(
                range(len(tokenizer)),
                key=lambda token: reference(base, layout, [*done["tokenIds"][:length], token])[-1],
            )
            if length in (0, 5)
            else done["tokenIds"][length]
        )
        assert best == done["tokenIds"][length]


def test_what_passages_did_is_the_same_each_time_and_adds_up(base: BaseModel, tokenizer: Any) -> None:
    passages = given([*TEXTS, "It pauses all."], clusters=[0, 1, 2, 0])
    done = ask(base, tokenizer, passages, 24)
    assert ask(base, tokenizer, passages, 24) == done
    found = done["passages"]
    assert found["tokens"] == sum(
        len(passage) for passage in layout_of(tokenizer, [*TEXTS, TEXTS[0]]).passages
    )
    assert [each["cluster"] for each in found["support"]] == [name(100), name(101), name(102)]
    assert [each["recordId"] for each in found["support"]] == [name(0), name(1), name(2)]
    assert all(isinstance(each["support"], int) and each["support"] >= 0 for each in found["support"])
    assert sum(each["support"] for each in found["support"]) <= 10_000
    places = sorted(
        [(x["start"], x["end"]) for x in found["citations"]] + [tuple(x) for x in found["unsupported"]]
    )
    expected = [tuple(utf16(done["text"], at) for at in span) for span in sentences(done["text"])]
    assert places == expected, "every sentence is cited or said to be unsupported"


@torch.no_grad()
def test_copies_in_one_cluster_do_not_hide_each_other(base: BaseModel, tokenizer: Any) -> None:
    """Left out together, a pair of copies is missed as the single passage is; apart, neither is."""
    layout = layout_of(tokenizer, [TEXTS[0], TEXTS[0], TEXTS[1]])
    grounding = grounded(base, layout)
    groups = Groups.of(given([TEXTS[0], TEXTS[0], TEXTS[1]], clusters=[0, 0, 1]))
    assert groups.members == [[0, 1], [2]]
    steps = list(measure(base, tokenizer, grounding, groups, ANSWER, tokenizer.decode(ANSWER)))
    assert steps[:-1] == [None] * len(needed(2))
    assert groups.places(frozenset({1})) == [2]
    left_out = surprise(base, grounding, groups.places(frozenset({1})), ANSWER)
    assert left_out == surprise(base, grounding, [2], ANSWER)


def made_up(clusters: int, totals: dict[frozenset[int], int]) -> Surprises:
    assert set(totals) == set(needed(clusters))
    return {chosen: [total] for chosen, total in totals.items()}


def test_support_by_hand() -> None:
    one, two = frozenset({0}), frozenset({1})
    surprises = made_up(2, {one | two: 4_000, frozenset(): 20_000, two: 18_000, one: 4_500})
    found = explain(surprises, 2, [0])
    # left out: 14,000 and 500; alone: 15,500 and 2,000, less than a quarter of 15,500
    assert found.effects == [15_500, 0]
    assert found.support == [8_000, 0], "16,000 of 20,000"
    assert cited(found) == [0]


def test_clusters_that_say_the_same_are_both_supported() -> None:
    one, two = frozenset({0}), frozenset({1})
    surprises = made_up(2, {one | two: 4_000, frozenset(): 20_000, two: 4_000, one: 4_000})
    found = explain(surprises, 2, [0])
    assert found.support == [4_000, 4_000], "neither is missed when left out, each helps when alone"
    assert cited(found) == [0, 1]


def test_what_changes_nothing_or_harms_has_no_support() -> None:
    one = frozenset({0})
    assert explain(made_up(1, {one: 9_990, frozenset(): 10_000}), 1, [0]).support == [0]
    assert explain(made_up(1, {one: 12_000, frozenset(): 10_000}), 1, [0]).support == [0]
    assert explain(made_up(1, {one: 0, frozenset(): 0}), 1, [0]).support == [0]
    assert explain({one: [], frozenset(): []}, 1, []).support == [0]


def test_support_never_exceeds_the_whole_and_follows_its_cluster() -> None:
    generator = random.Random(1)
    for _ in range(500):
        clusters = generator.randint(1, 8)
        sets = needed(clusters)
        assert len(sets) <= 2 * clusters + 2
        surprises = {chosen: [generator.randint(0, 9_000) for _ in range(5)] for chosen in sets}
        found = explain(surprises, clusters, range(5))
        assert 0 <= sum(found.support) <= 10_000
        order = list(range(clusters))
        generator.shuffle(order)
        turned = {frozenset(order[cluster] for cluster in chosen): row for chosen, row in surprises.items()}
        again = explain(turned, clusters, range(5))
        assert [again.support[order[cluster]] for cluster in range(clusters)] == found.support
        assert all(effect == 0 or effect >= NOISE for effect in found.effects)
        assert len(cited(found)) <= MOST_CITED


def test_only_what_explains_a_tenth_is_cited() -> None:
    assert cited(Explained([5_000, 2_400, 4_000], [3_000, 900, 2_500])) == [0, 2]
    assert cited(Explained([600], [999])) == []
    assert cited(Explained([], [])) == []


def test_sentences_and_their_tokens(tokenizer: Any) -> None:
    text = "Pi is 3.14. It goes on…\n- a list (of one.) 好的。再見 End"
    spans = sentences(text)
    assert [text[start:end] for start, end in spans] == [
        "Pi is 3.14.", "It goes on…", "- a list (of one.)", "好的。", "再見 End",
    ]  # fmt: skip
    tokens = [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]
    parts = tokens_of_sentences(tokenizer, tokens, text, spans)
    assert [place for part in parts for place in part] == list(range(len(tokens) - 1)), "each once, in order"
    assert tokenizer.decode([tokens[place] for place in parts[1]]) == " It goes on…"
    assert tokens_of_sentences(tokenizer, tokens, "Pi", [(0, 2)]) == [[0, 1]], (
        "what is cut off belongs to none"
    )
    assert sentences(" \n") == []
    assert utf16("a👩b", 2) == 3


def test_what_is_too_long_says_what_to_do(tokenizer: Any) -> None:
    with pytest.raises(EngineError, match="may have 128: shorten it") as error:
        layout_of(tokenizer, ["short", "x" * 200])
    assert error.value.code == "passage_too_long"
    assert (error.value.detail["passage"], error.value.detail["limit"]) == (1, 128)
    with pytest.raises(EngineError, match="fewer or shorter passages") as error:
        layout_of(tokenizer, ["x" * 100] * 6)
    assert error.value.code == "context_length_exceeded"
    assert error.value.detail["contextLength"] == 512


def test_a_passage_cannot_end_its_turn(tokenizer: Any) -> None:
    with pytest.raises(EngineError) as error:
        layout_of(tokenizer, ["<|im_end|>"])
    assert error.value.code == "control_token"


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "gemma2", "layer_types": ["sliding_attention", "full_attention"]},
        {"model_type": "mistral", "sliding_window": 4_096},
    ],
)
def test_a_family_that_cannot_is_named(config: Json) -> None:
    model = SimpleNamespace(config=SimpleNamespace(**config), model=SimpleNamespace(rotary_emb=object()))
    with pytest.raises(EngineError, match=config["model_type"]) as error:
        require_apart(SimpleNamespace(model=model, leader=None))  # type: ignore[arg-type]
    assert error.value.code == "passages_unsupported"
    bloom = SimpleNamespace(config=SimpleNamespace(model_type="bloom"), transformer=object())
    with pytest.raises(EngineError, match="bloom"):
        require_apart(SimpleNamespace(model=bloom, leader=None))  # type: ignore[arg-type]


def test_over_http(engine: Engine) -> None:
    passages = [passage.model_dump() for passage in given(TEXTS)]
    body = {"messages": question("Why?"), "maxTokens": 12, "passages": passages}
    tokens, done = engine.generate(**body)
    assert [token["tokenId"] for token in tokens] == done["tokenIds"]
    assert len(done["passages"]["support"]) == 3
    assert engine.generate(messages=question("Why?"), maxTokens=2)[1]["passages"] is None
    for change, expected in (
        ([], "invalid_request"),
        (passages * 3, "invalid_request"),
        ([{**passages[0], "text": ""}], "invalid_request"),
        ([{**passages[0], "text": "x" * 400}], "passage_too_long"),
    ):
        assert code(engine.post("/v1/generate", {**body, "passages": change})) == (400, expected)
