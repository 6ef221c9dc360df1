"""What llama.cpp makes of a GGUF file: a process of its own, since a file that it cannot read may end it.

`python -m openlora.export.llamacpp_reader FILE` with prompts on standard input. Needs the extra `llamacpp`.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any
from urllib.request import Request, urlopen


def main() -> int:
    import xllamacpp

    asked = json.load(sys.stdin)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = sys.argv[1]
    parameters.n_gpu_layers = 0
    parameters.n_ctx = max(256, 2 * max(len(prompt) for prompt in asked["prompts"]))
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.warmup = False
    server: Any = xllamacpp.Server(parameters)
    rows = []
    for prompt in asked["prompts"]:
        body = {"prompt": prompt, "n_predict": 1, "n_probs": asked["vocabulary"], "temperature": 0}
        forced = {"logit_bias": [[asked["plain"], 1e6]], "cache_prompt": False}
        answer = server.handle_completions({**body, **forced})
        row = [-math.inf] * asked["vocabulary"]
        for entry in answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
            row[entry["id"]] = entry["logprob"]
        rows.append(row)
    tokens = [_tokenise(server.listening_address, text) for text in asked["texts"]]
    print(json.dumps({"logprobs": rows, "tokens": tokens}))
    return 0


def _tokenise(address: str, text: str) -> list[int]:
    body = json.dumps({"content": text, "add_special": False, "parse_special": False}).encode()
    request = Request(f"{address}/tokenize", body, {"content-type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        tokens: list[int] = json.load(answer)["tokens"]
    return tokens


if __name__ == "__main__":
    sys.exit(main())
