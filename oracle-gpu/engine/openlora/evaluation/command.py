"""`openlora evaluate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from openlora.adapters.command import add_places
from openlora.config import core_count

MOST_TOKENS = 1_024


def add_parser(commands: Any) -> None:
    asked = commands.add_parser("evaluate", help="loss, exact match and ROUGE-L of base and adapters")
    asked.add_argument("--items", type=Path, required=True, help="JSONL of {recordId, cluster, messages}")
    asked.add_argument("--adapter", action="append", default=[], help="id of one; may be given again")
    asked.add_argument("--train", type=Path, help="JSONL that was trained on, of which no item may be")
    asked.add_argument("--salt", help="0x and 64 hex digits: also state the items' commitment")
    asked.add_argument("--max-tokens", type=int, default=128, help="of an answer")
    asked.add_argument("--out", type=Path, required=True, help="report to write, .json")
    add_places(asked)


def run(arguments: argparse.Namespace) -> int:
    import torch

    from openlora.adapters.source import room
    from openlora.adapters.store import AdapterStore
    from openlora.errors import EngineError
    from openlora.evaluation.items import read_items, require_kept_out
    from openlora.evaluation.report import compare
    from openlora.files import write_json
    from openlora.models.base import choose_device, find_base, load_base, load_tokenizer, read_info
    from openlora.verify.hashing import from_hex

    try:
        salt = None if arguments.salt is None else from_hex(arguments.salt)
    except ValueError as error:
        raise EngineError(400, "invalid_request", "The salt is 0x and 64 hex digits.") from error
    if not 1 <= arguments.max_tokens <= MOST_TOKENS:
        raise EngineError(400, "invalid_request", f"An answer has 1 to {MOST_TOKENS} tokens.")
    items = read_items(arguments.items)
    if arguments.train is not None:
        require_kept_out(read_items(arguments.train), items)
    torch.set_num_threads(arguments.threads or core_count())
    info = read_info(find_base(arguments.models, arguments.base))
    report = compare(
        load_base(info.path, torch.float32, choose_device(arguments.device)),
        info,
        load_tokenizer(info.path),
        AdapterStore(arguments.state / "adapters"),
        arguments.adapter,
        items,
        arguments.max_tokens,
        salt,
    )
    with room(arguments.out.parent):
        write_json(arguments.out, report)
    for model in report["models"]:
        print(
            f"{model['adapter'] or 'base'}: loss {model['loss']:.3f}, perplexity {model['perplexity']:.2f},"
            f" exact match {model['exactMatch']:.1%}, ROUGE-L {model['rougeL']:.3f}"
        )
    return 0
