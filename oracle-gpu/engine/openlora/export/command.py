"""`openlora export`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from openlora.adapters.command import add_places
from openlora.config import core_count
from openlora.parent import leave_with_parent

FORMATS = ("peft", "merged", "gguf-f16", "gguf-q8_0")


def add_parser(commands: Any) -> None:
    export = commands.add_parser("export", help="write an adapter as PEFT, merged safetensors or GGUF")
    export.add_argument("adapter", help="its id")
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--out", type=Path, required=True, help="new folder")
    export.add_argument("--provenance", type=Path, help="JSON of what the card shall say of data and release")
    export.add_argument("--with-parent", action="store_true", help="(internal) end when standard input does")
    add_places(export)


def run(arguments: argparse.Namespace) -> int:
    import torch
    from pydantic import ValidationError

    from openlora.adapters.store import AdapterStore
    from openlora.errors import EngineError
    from openlora.export.card import Provenance
    from openlora.export.run import export
    from openlora.models.base import choose_device, find_base, load_tokenizer, read_info

    if arguments.with_parent:
        os.nice(10)  # answering comes first
        leave_with_parent()
    torch.set_num_threads(arguments.threads or core_count())
    device = choose_device(arguments.device)
    info = read_info(find_base(arguments.models, arguments.base))
    store = AdapterStore(arguments.state / "adapters")
    provenance = Provenance()
    if arguments.provenance is not None:
        try:
            provenance = Provenance.model_validate_json(arguments.provenance.read_bytes())
        except (OSError, ValidationError) as error:
            message = f"{arguments.provenance} is no provenance: {error}"
            raise EngineError(400, "invalid_request", message) from error
    record = export(
        arguments.format,
        store.folder(arguments.adapter),
        arguments.adapter,
        info,
        load_tokenizer(info.path),
        arguments.out,
        device,
        provenance,
        lambda stage: print(f"stage {stage}", flush=True),
    )
    for check in record["checks"]:
        print(
            f"read back by {check['reader']}: {check['divergence']:.2g} apart, {check['limit']:.2g} allowed"
        )
    print(f"{arguments.out}: {', '.join(file['name'] for file in record['files'])}")
    return 0
