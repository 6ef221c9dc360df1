"""`openlora serve-vllm`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    serve = commands.add_parser("serve-vllm", help="answer by a vLLM server, in this engine's interface")
    serve.add_argument("--vllm", required=True, help="its address, as http://127.0.0.1:8000")
    serve.add_argument("--model", required=True, help="what it calls the base (--served-model-name)")
    serve.add_argument("--port", type=int, default=8100)
    serve.add_argument(
        "--state", type=Path, required=True, help="adapters; vLLM sees them under the same path"
    )
    serve.add_argument("--models", type=Path, required=True, help="converted base models, for the tokenizer")
    serve.add_argument("--base", help="folder name of the base model, if there are several")
    serve.add_argument(
        "--most-adapters", type=int, default=64, help="that vLLM holds at once: its --max-cpu-loras (64)"
    )
    serve.add_argument("--beside", help="address of an engine for all that vLLM cannot do")


def run(arguments: argparse.Namespace) -> int:
    from openlora.backends.vllm_server import VllmConfig, serve

    config = VllmConfig(
        url=arguments.vllm,
        model=arguments.model,
        models=arguments.models,
        state=arguments.state,
        base=arguments.base,
        most_adapters=arguments.most_adapters,
        beside=arguments.beside,
    )
    return serve(config, arguments.port)
