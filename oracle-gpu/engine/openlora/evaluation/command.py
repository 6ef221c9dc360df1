"""`openlora evaluate`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openlora.adapters.command import add_places
from openlora.config import core_count
from openlora.parent import leave_with_parent

if TYPE_CHECKING:
    from openlora.adapters.store import AdapterStore
    from openlora.models.base import BaseInfo, BaseModel

    Load = Callable[[], BaseModel]

MOST_TOKENS = 1_024


def add_parser(commands: Any) -> None:
    asked = commands.add_parser("evaluate", help="loss, exact match and ROUGE-L of base and adapters")
    asked.add_argument("--items", type=Path, help="JSONL of {recordId, cluster, messages}")
    asked.add_argument("--lm-eval", type=Path, help="folder of lm-eval's task files, instead of items")
    asked.add_argument("--chat", action="store_true", help="put lm-eval's questions in the chat template")
    asked.add_argument("--adapter", action="append", default=[], help="id of one; may be given again")
    asked.add_argument("--train", type=Path, help="JSONL that was trained on, of which no item may be")
    asked.add_argument("--salt", help="0x and 64 hex digits: also state the items' commitment")
    asked.add_argument("--max-tokens", type=int, default=128, help="of an answer")
    asked.add_argument("--out", type=Path, required=True, help="report to write, .json")
    asked.add_argument("--with-parent", action="store_true", help="(internal) end when standard input does")
    add_places(asked)


def run(arguments: argparse.Namespace) -> int:
    import torch

    from openlora.adapters.source import room
    from openlora.adapters.store import AdapterStore
    from openlora.errors import EngineError
    from openlora.files import write_json
    from openlora.models.base import choose_device, find_base, load_base, load_tokenizer, read_info

    if arguments.with_parent:
        os.nice(10)  # answering comes first
        leave_with_parent()
    if (arguments.items is None) == (arguments.lm_eval is None):
        raise EngineError(400, "invalid_request", "Name either --items or --lm-eval.")
    if not 1 <= arguments.max_tokens <= MOST_TOKENS:
        raise EngineError(400, "invalid_request", f"An answer has 1 to {MOST_TOKENS} tokens.")
    torch.set_num_threads(arguments.threads or core_count())
    info = read_info(find_base(arguments.models, arguments.base))
    store, tokenizer = AdapterStore(arguments.state / "adapters"), load_tokenizer(info.path)

    def load() -> BaseModel:
        return load_base(info.path, torch.float32, choose_device(arguments.device))

    measure = _by_items if arguments.lm_eval is None else _by_tasks
    report = measure(arguments, load, info, tokenizer, store)
    with room(arguments.out.parent):
        write_json(arguments.out, report)
    for model in report["models"]:
        print(f"{model['adapter'] or 'base'}: {_line(model)}")
    return 0


def _line(model: dict[str, Any]) -> str:
    if "tasks" in model:
        return json.dumps(model["tasks"])
    return (
        f"loss {model['loss']:.3f}, perplexity {model['perplexity']:.2f},"
        f" exact match {model['exactMatch']:.1%}, ROUGE-L {model['rougeL']:.3f}"
    )


def _by_items(
    arguments: argparse.Namespace, load: Load, info: BaseInfo, tokenizer: Any, store: AdapterStore
) -> dict[str, Any]:
    from openlora.errors import EngineError
    from openlora.evaluation.items import read_items, require_kept_out
    from openlora.evaluation.report import compare
    from openlora.verify.hashing import from_hex

    try:
        salt = None if arguments.salt is None else from_hex(arguments.salt)
    except ValueError as error:
        raise EngineError(400, "invalid_request", "The salt is 0x and 64 hex digits.") from error
    items = read_items(arguments.items)
    if arguments.train is not None:
        require_kept_out(read_items(arguments.train), items)
    return compare(load(), info, tokenizer, store, arguments.adapter, items, arguments.max_tokens, salt)


def _by_tasks(
    arguments: argparse.Namespace, load: Load, info: BaseInfo, tokenizer: Any, store: AdapterStore
) -> dict[str, Any]:
    from openlora.evaluation.harness import HarnessModel, run_tasks
    from openlora.evaluation.report import loaded

    base = load()
    model = HarnessModel(base, tokenizer, info.context_length)
    models = []
    for adapter, weights in loaded(base, store, arguments.adapter):
        with base.switch.use(weights):
            models.append({"adapter": adapter, "tasks": run_tasks(model, arguments.lm_eval, arguments.chat)})
    return {"baseModel": info.id, "models": models}
