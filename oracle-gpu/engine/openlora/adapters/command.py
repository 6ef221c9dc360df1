"""`openlora adapter import | merge`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from openlora.config import Sources, core_count


def add_parsers(commands: Any) -> None:
    what = commands.add_parser("adapter", help="import or merge adapters").add_subparsers(
        dest="what", required=True
    )
    bring = what.add_parser("import", help="check an adapter that was trained elsewhere, and keep it")
    bring.add_argument("source", help="folder, ipfs://CID, ipfs://CID,CID or hub://owner/name@revision")
    add_places(bring)
    bring.add_argument("--digest", help="the adapter's id, if known; needed for ipfs://")
    bring.add_argument("--trained-on", help="confirms the base that the adapter names")
    add_sources(bring)

    join = what.add_parser("merge", help="make one adapter of several: linear, TIES or DARE")
    join.add_argument("parents", nargs="+", help="ID=WEIGHT of each, as 0x…=0.5")
    join.add_argument("--state", type=Path, required=True, help="where the adapters are")
    join.add_argument("--method", choices=["linear", "ties", "dare"], default="linear")
    join.add_argument("--density", type=float, default=0.5, help="of ties and dare: what is kept of each")
    join.add_argument("--rank", type=int, help="of the result")
    join.add_argument("--seed", type=int, default=0, help="of dare")


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
    found = _merge(arguments) if arguments.what == "merge" else _import(arguments)
    print(json.dumps(found, indent=2))
    return 0


def _merge(arguments: argparse.Namespace) -> dict[str, Any]:
    from pydantic import ValidationError

    from openlora.adapters.merge import merge_adapters
    from openlora.adapters.store import AdapterStore
    from openlora.api.adapters import MergeBody
    from openlora.errors import EngineError

    pairs = [parent.partition("=") for parent in arguments.parents]
    try:
        body = MergeBody.model_validate(
            {
                "method": arguments.method,
                "parents": [{"adapter": id, "weight": float(weight or "nan")} for id, _, weight in pairs],
                "density": arguments.density,
                "rank": arguments.rank,
                "seed": arguments.seed,
            }
        )
    except (ValidationError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        message = f"This merge is not right: {reason}. Name its parents as 0x…=0.5."
        raise EngineError(400, "invalid_request", message) from error
    store = AdapterStore(arguments.state / "adapters")
    return merge_adapters(body.recipe, store)


def _import(arguments: argparse.Namespace) -> dict[str, Any]:
    import torch

    from openlora.adapters.importer import import_adapter
    from openlora.adapters.source import parse_source
    from openlora.adapters.store import AdapterStore
    from openlora.models.base import choose_device, find_base, load_tokenizer, read_info

    torch.set_num_threads(arguments.threads or core_count())
    device = choose_device(arguments.device)
    info = read_info(find_base(arguments.models, arguments.base))
    return import_adapter(
        parse_source(arguments.source),
        arguments.source,
        AdapterStore(arguments.state / "adapters"),
        info,
        load_tokenizer(info.path),
        device,
        sources_of(arguments),
        arguments.digest,
        arguments.trained_on,
    )
