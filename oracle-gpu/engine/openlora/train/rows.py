"""Rows of each kind of data to examples: what of them is read, and which tokens have a loss.

| kind | read | trained | a record's term |
|---|---|---|---|
| chat, instruction | the conversation | assistant messages and their ends | summed loss of these |
| classification | the text as a question | the label and its end | the same |
| document | the text in pieces of maxLength | every token but the first, and an end | the same, of all |
| preference | the prompt with each answer | both answers and their ends | −log σ(β · margin), `losses.py` |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openlora.errors import EngineError
from openlora.train.examples import Example, Piece, bad_record
from openlora.train.templates import Message, refuse_control_tokens, render_record

# Where an answer that is compared is cut short, the comparison would be of other answers.
CUT = "its answers do not fit within maxLength {}: raise maxLength"

OPENING = 160  # characters of a document that stand for a question where answers are looked at


def make_examples(
    tokenizer: Any, records: Sequence[Mapping[str, Any]], max_length: int, beta: float = 0.1
) -> list[Example]:
    """Render every record; EngineError 400 names the first that cannot be trained on, and why."""
    made = [_make(tokenizer, record, max_length, beta) for record in records]
    preferences = [example for example in made if example.beta is not None]
    if 0 < len(preferences) < len(made):
        reason = "preferences are trained apart from other kinds: make two jobs"
        raise bad_record(preferences[0].record_id, reason)
    return made


def answered(
    tokenizer: Any,
    questions: Sequence[Sequence[Mapping[str, str]]],
    names: Sequence[str],
    answers: Sequence[str],
    max_length: int,
) -> list[Example]:
    """Each question with the answer given to it, as a record of that name; an empty answer becomes a dot."""
    rows = []
    for question, name, answer in zip(questions, names, answers, strict=True):
        messages = [*question, {"role": "assistant", "content": answer.strip() or "."}]
        rows.append({"recordId": name, "cluster": name, "messages": messages})
    return make_examples(tokenizer, rows, max_length)


def _make(tokenizer: Any, record: Mapping[str, Any], max_length: int, beta: float) -> Example:
    name = record["recordId"]
    try:
        if "chosen" in record:
            return _preference(tokenizer, record, max_length, beta)
        if "text" in record and "label" not in record:
            return _document(tokenizer, record, max_length)
        return _chat(tokenizer, record, _messages(record), max_length)
    except EngineError as error:
        if error.code == "bad_record":
            raise
        reason = error.message[0].lower() + error.message[1:].rstrip(".")
        raise bad_record(name, reason, cause=error.code) from error


def _messages(record: Mapping[str, Any]) -> Sequence[Message]:
    if "messages" in record:
        messages: Sequence[Message] = record["messages"]
        return messages
    asked, answer = ("text", "label") if "label" in record else ("prompt", "response")
    _require_text(record, asked)
    return _turn(record[asked], record[answer])


def _turn(asked: str, answer: str) -> list[Message]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


def _require_text(record: Mapping[str, Any], *fields: str) -> None:
    for field in fields:
        if not record[field].strip():
            raise bad_record(record["recordId"], f"its {field} must not be empty")


def _chat(tokenizer: Any, record: Mapping[str, Any], messages: Sequence[Message], max_length: int) -> Example:
    name = record["recordId"]
    if not messages:
        raise bad_record(name, "it has no messages")
    if messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip():
        last = "label" if "label" in record else "response" if "response" in record else ""
        what = f"its {last} must not be empty" if last else None
        raise bad_record(name, what or "its last message must be the assistant's and not empty")
    rendered = render_record(tokenizer, messages)
    tokens, trained = rendered.tokens[:max_length], rendered.trained[:max_length]
    if not any(trained[1:]):
        reason = f"no token of its answer lies within maxLength {max_length}: raise maxLength"
        raise bad_record(name, reason, cause="too_long")
    return Example(
        name,
        record["cluster"],
        messages,
        tokens,
        trained,
        rendered.text,
        rendered.spans,
        datanet=record.get("datanet"),
        dropped=len(rendered.tokens) - len(tokens),
    )


def _document(tokenizer: Any, record: Mapping[str, Any], max_length: int) -> Example:
    """Pieces share one token, which is context in the later one: each but the first is trained once."""
    name, text = record["recordId"], record["text"]
    _require_text(record, "text")
    refuse_control_tokens(tokenizer, [{"role": "user", "content": text}])
    whole = text + tokenizer.eos_token
    tokens = tokenizer(whole, add_special_tokens=False)["input_ids"]
    last = len(tokens) - 1
    opening = min(OPENING, len(text) // 2)
    pieces = tuple((at, min(at + max_length, len(tokens))) for at in range(0, last, max_length - 1))
    return Example(
        name,
        record["cluster"],
        _turn(text[:opening], text[opening:]),
        tokens,
        [True] * len(tokens),
        whole,
        [(0, len(whole))],
        pieces,
        datanet=record.get("datanet"),
    )


def _preference(tokenizer: Any, record: Mapping[str, Any], max_length: int, beta: float) -> Example:
    """Two pieces: the prompt with the answer that was chosen, then with the one that was rejected."""
    name = record["recordId"]
    _require_text(record, "prompt", "chosen", "rejected")
    if record["chosen"].strip() == record["rejected"].strip():
        raise bad_record(name, "its chosen and rejected answers are the same")
    turns = [_turn(record["prompt"], record[side]) for side in ("chosen", "rejected")]
    chosen, rejected = (render_record(tokenizer, turn) for turn in turns)
    if max(len(chosen.tokens), len(rejected.tokens)) > max_length:
        raise bad_record(name, CUT.format(max_length), cause="too_long")
    middle = len(chosen.tokens)
    pieces: tuple[Piece, ...] = ((0, middle), (middle, middle + len(rejected.tokens)))
    shift = len(chosen.text) + 1
    spans = [*chosen.spans, *((start + shift, end + shift) for start, end in rejected.spans)]
    return Example(
        name,
        record["cluster"],
        turns[0],
        [*chosen.tokens, *rejected.tokens],
        [*chosen.trained, *rejected.trained],
        f"{chosen.text}\n{rejected.text}",
        spans,
        pieces,
        beta,
        record.get("datanet"),
    )
