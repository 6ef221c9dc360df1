"""What OpenAI's client for Python makes of a gateway: its address, a key and a model are the arguments."""

import json
import sys
from typing import Any

from openai import APIStatusError, OpenAI

url, key, model = sys.argv[1:]
client = OpenAI(base_url=url, api_key=key, max_retries=0)
messages: Any = [{"role": "user", "content": "one two"}]
move: Any = {"type": "function", "function": {"name": "move", "parameters": {"type": "object"}}}

answer = client.chat.completions.create(model=model, messages=messages, seed=1)
chunks = list(client.chat.completions.create(model=model, messages=messages, stream=True))
told = client.chat.completions.create(
    model=model, messages=messages, logprobs=True, top_logprobs=1, max_completion_tokens=2
)
text = client.completions.create(model=model, prompt="one two", max_tokens=8)
called = client.chat.completions.create(model=model, messages=messages, tools=[move], tool_choice="required")
calls = called.choices[0].message.tool_calls or []
errors = []


def refused(ask: Any) -> None:
    try:
        ask()
    except APIStatusError as error:
        errors.append(f"{type(error).__name__} {error.param or error.code}")


def ask(**changed: Any) -> Any:
    return client.chat.completions.create(**{"model": model, "messages": messages, **changed})


refused(lambda: ask(extra_body={"mirostat": 2}))
refused(
    lambda: client.with_options(api_key="ol-" + "0" * 64).chat.completions.create(
        model=model, messages=messages
    )
)
refused(lambda: ask(model="model/999999"))
print(
    json.dumps(
        {
            "answer": answer.choices[0].message.content,
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "hasReceipt": "receiptHash" in (answer.model_extra or {})["receipt"],
            "logprobs": [one.token for one in (told.choices[0].logprobs or told).content or []],
            "text": text.choices[0].text,
            "tool": [calls[0].function.name, calls[0].function.arguments],
            "models": model in [one.id for one in client.models.list()],
            "embedding": len(client.embeddings.create(model="any", input="a b").data[0].embedding),
            "errors": errors,
        }
    )
)
