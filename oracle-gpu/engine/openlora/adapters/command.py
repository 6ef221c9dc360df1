"""`openlora adapter …`: adapters that come in."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from openlora.config import Sources, core_count


def add_parsers(commands: Any) -> None:
    what = commands.add_parser("adapter", help="import adapters").add_subparsers(dest="what", required=True)
    bring = what.add_parser("import", help="check an adapter that was trained elsewhere, and keep it")
    bring.add_argument("source", help="folder, ipfs://CID, ipfs://CID,CID or hub://owner/name@revision")
    add_places(bring)
    bring.add_argument("--digest", help="the adapter's id, if known; needed for ipfs://")
    bring.add_argument("--trained-on", help="confirms the base that the adapter names")
    add_sources(bring)


def add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=Path, required=True, help="jobs and adapters")
    parser.add_argument("--models", type=Path, required=True, help="converted base models")
    parser.add_argument("--base", help="folder name of the base model, if there are several")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])


def add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ipfs-gateway", help="address of the gateway that adapters may be fetched from")
    parser.add_argument(
        "--hub-owner",
        action="append",
        default=[],
        help="whose adapters may be taken from the hub (at HF_ENDPOINT); may be given again",
    )


def sources_of(arguments: argparse.Namespace) -> Sources:
    return Sources(ipfs_gateway=arguments.ipfs_gateway, hub_owners=tuple(arguments.hub_owner))


def run(arguments: argparse.Namespace) -> int:
    import torch

    from openlora.adapters.importer import import_adapter
    from openlora.adapters.source import parse_source
    from openlora.adapters.store import AdapterStore
    from openlora.models.base import choose_device, find_base, load_tokenizer, read_info

    torch.set_num_threads(arguments.threads or core_count())
    device = choose_device(arguments.device)
    info = read_info(find_base(arguments.models, arguments.base))
    found = import_adapter(
        parse_source(arguments.source),
        arguments.source,
        AdapterStore(arguments.state / "adapters", device, torch.float32, 0),
        info,
        load_tokenizer(info.path),
        device,
        sources_of(arguments),
        arguments.digest,
        arguments.trained_on,
    )
    print(json.dumps(found, indent=2))
    return 0
