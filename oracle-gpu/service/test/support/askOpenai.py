"""What OpenAI's client for Python makes of a gateway: its address, a key and a model are the arguments."""

import json
import sys
from typing import Any

from openai import APIStatusError, OpenAI

url, key, model = sys.argv[1:]
client = OpenAI(base_url=url, api_key=key, max_retries=0)
messages: Any = [{"role": "user", "content": "Tell me"}]
to = {"enum": ["a", "b"]}
place = {"type": "object", "properties": {"to": to}, "required": ["to"], "additionalProperties": False}
move: Any = {"type": "function", "function": {"name": "move", "parameters": place}}
schema: Any = {"name": "place", "schema": place}
errors = []


def ask(**changed: Any) -> Any:
    asked = {"model": model, "messages": messages, "seed": 1, "max_completion_tokens": 12}
    return client.chat.completions.create(**{**asked, **changed})


def refused(ask: Any) -> None:
    try:
        ask()
    except APIStatusError as error:
        errors.append(f"{type(error).__name__} {error.param or error.code}")


answer = ask(logprobs=True, top_logprobs=2)
content = answer.choices[0].message.content
told = answer.choices[0].logprobs.content
chunks = list(ask(stream=True, stream_options={"include_usage": True}))
several = ask(n=2)
formed = ask(
    response_format={"type": "json_schema", "json_schema": schema}, max_completion_tokens=40, top_p=0.9
)
called = ask(tools=[move], tool_choice="required", parallel_tool_calls=False, max_completion_tokens=90)
call = called.choices[0].message.tool_calls[0]
scored = client.completions.create(model=model, prompt="What is 7?", max_tokens=1, echo=True, logprobs=1)
likely = scored.choices[0].logprobs.token_logprobs
refused(lambda: ask(extra_body={"mirostat": 2}))
stranger = client.with_options(api_key="ol-" + "0" * 64)
refused(lambda: stranger.embeddings.create(model="any", input="a"))
refused(lambda: ask(model="model/999999"))
print(
    json.dumps(
        {
            "isStreamTheSame": content
            == "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "usage": next(chunk.usage.completion_tokens for chunk in chunks if chunk.usage),
            "hasReceipt": "receiptHash" in answer.model_extra["receipt"],
            "doLogprobsSpell": content
            == b"".join(bytes(one.bytes or []) for one in told).decode(errors="replace"),
            "alternatives": len(told[0].top_logprobs),
            "seeds": [one.model_extra["receipt"]["trace"]["seed"] for one in several.choices],
            "isFormed": json.loads(formed.choices[0].message.content)["to"] in ("a", "b"),
            "finish": called.choices[0].finish_reason,
            "tool": [call.function.name, json.loads(call.function.arguments)["to"] in ("a", "b")],
            "scored": [scored.choices[0].text[:10], likely[0], all(one < 0 for one in likely[1:])],
            "isListed": model in [one.id for one in client.models.list()],
            "dimensions": len(client.embeddings.create(model="any", input="a b").data[0].embedding),
            "errors": errors,
        }
    )
)
