"""What form an answer is to have: a JSON value, or calls of tools."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from openlora.engine.guide import Guide
from openlora.engine.vocabulary import COMPACT, Vocabulary
from openlora.train.spec import Strict

MAX_SCHEMA = 65_536  # characters of JSON
MOST_TOOLS = 64
# A call as Qwen and Hermes models write it; the caller has described the tools in the messages.
OPEN, CLOSE = "<tool_call>\n", "\n</tool_call>"
Schema = dict[str, Any]


class Tool(Strict):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    parameters: Schema = Field(default_factory=lambda: {"type": "object"})


class FormatBody(Strict):
    """Either `schema`, or `tools` of which the answer calls some (`auto`: or it is a text instead)."""

    json_schema: Schema | None = Field(default=None, alias="schema")
    tools: list[Tool] | None = Field(default=None, min_length=1, max_length=MOST_TOOLS)
    choice: Literal["auto", "required"] = "auto"
    parallel: bool = True  # several calls in one answer

    @model_validator(mode="after")
    def _one_form(self) -> FormatBody:
        if (self.json_schema is None) == (self.tools is None):
            raise ValueError("give either schema or tools")
        if len(json.dumps(self.model_dump(by_alias=True))) > MAX_SCHEMA:
            raise ValueError(f"it is longer than {MAX_SCHEMA} characters: shorten its schemas")
        return self

    def guide(self, vocabulary: Vocabulary) -> Guide:
        """EngineError 400 where a schema cannot be followed."""
        if self.json_schema is not None:
            return vocabulary.guide_json(self.json_schema)
        return vocabulary.guide_lark(self._grammar(self.tools or []))

    def _grammar(self, tools: list[Tool]) -> str:
        one = {"anyOf": [_call(tool) for tool in tools], "x-guidance": COMPACT}
        more = f'("\\n" {json.dumps(OPEN)} one)*' if self.parallel else ""
        lines = [
            "%llguidance {}",
            f"one: %json {json.dumps(one)} {json.dumps(CLOSE)}",
        ]
        if self.choice == "required":
            lines.append(f"start: {json.dumps(OPEN)} one {more}")
        else:
            # The text before a call ends where the first one opens.
            lines += [
                f"head[lazy]: TEXT {json.dumps(OPEN)}",
                "TEXT: /(.|\\n)*/",
                f"start: head one {more} | TEXT",
            ]
        return "\n".join(lines)


def _call(tool: Tool) -> Schema:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": tool.parameters},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
