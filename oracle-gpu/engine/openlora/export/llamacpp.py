"""A GGUF file as llama.cpp reads it, which shares no code with what wrote it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor

from openlora.errors import EngineError

SECONDS = 600


def installed() -> bool:
    return importlib.util.find_spec("xllamacpp") is not None


def read_back(
    path: Path, prompts: list[list[int]], texts: list[str], vocabulary: int, plain: int
) -> tuple[Tensor, list[list[int]]]:
    """Log-probabilities [prompts, vocabulary] of what follows each prompt, and the tokens of each text.

    EngineError 500 where llama.cpp cannot read the file.

    `plain`: a token that is a whole character. It is forced to be the answer, since llama.cpp lists no
    probabilities beside a token that ends an answer or half a character; those listed are the model's own.
    """
    given = json.dumps({"prompts": prompts, "texts": texts, "vocabulary": vocabulary, "plain": plain})
    done = subprocess.run(
        [sys.executable, "-m", "openlora.export.llamacpp_reader", str(path)],
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "LLAMA_ARG_OFFLINE": "1"},
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EngineError(500, "gguf_unreadable", f"llama.cpp cannot read the exported file: {reason}")
    found = json.loads(done.stdout.splitlines()[-1])
    return torch.tensor(found["logprobs"]), found["tokens"]
