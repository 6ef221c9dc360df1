"""The model card beside an export: where all of it comes from, and how to use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from openlora.adapters.importer import ORIGIN
from openlora.adapters.merge import RECORD as MERGE
from openlora.adapters.store import CONFIG
from openlora.models.base import BaseInfo
from openlora.train.spec import Hash, Strict

CARD = "README.md"


class Datanet(Strict):
    datanetId: int = Field(ge=0)
    version: int = Field(ge=0)
    root: Hash


class Provenance(Strict):
    """What the engine does not know by itself: the caller states it, or it is left out."""

    releaseHash: Hash | None = None
    datanets: list[Datanet] = Field(default_factory=list, max_length=64)
    training: dict[str, Any] | None = None  # method and settings, as a job takes them
    trainingLogRoot: Hash | None = None
    evaluation: dict[str, Any] | None = None
    fidelity: dict[str, Any] | None = None


def write_card(path: Path, adapter: Path, id: str, info: BaseInfo, kind: str, provenance: Provenance) -> None:
    config = json.loads((adapter / CONFIG).read_bytes())
    lines = [
        "---",
        f"license: {info.licence.lower()}",
        f"base_model: {_quoted(info.name)}",
        f"library_name: {'peft' if kind == 'peft' else 'transformers'}",
        "tags: [lora, openledger]",
        "---",
        "",
        f"# {info.name} with adapter {id[:10]}",
        "",
        *_table(
            [
                ("adapter", f"`{id}`"),
                ("base model", f"{info.name}, `{info.id}`"),
                ("licence of the base", info.licence),
                ("release", f"`{provenance.releaseHash}`" if provenance.releaseHash else None),
                ("format", kind),
                ("rank, alpha", f"{config['r']}, {config['lora_alpha']:g}"),
                ("kind", _kind(config)),
                ("training log", f"`{provenance.trainingLogRoot}`" if provenance.trainingLogRoot else None),
            ]
        ),
        *_data(provenance),
        *_ancestry(adapter),
        *_facts("Training", provenance.training),
        *_facts("Evaluation", provenance.evaluation),
        *_facts("Fidelity of attribution", provenance.fidelity),
        "",
        "## Use",
        "",
        *_use(kind, info),
        "",
        "The digest of the adapter is sha256(sha256(adapter_model.safetensors) ‖ sha256(canonical"
        " adapter_config.json)). `export.json` names each file's hash, and by whom it was read back.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _kind(config: dict[str, Any]) -> str:
    kinds = [
        name
        for name, is_so in (
            ("DoRA", config.get("use_dora")),
            ("rsLoRA", config.get("use_rslora")),
            ("QLoRA", config.get("base_quantization")),
        )
        if is_so
    ]
    return " and ".join(kinds) or "LoRA"


def _data(provenance: Provenance) -> list[str]:
    if not provenance.datanets:
        return []
    rows = [f"| {x.datanetId} | {x.version} | `{x.root}` |" for x in provenance.datanets]
    return ["", "## Data", "", "| datanet | version | root |", "|---|---|---|", *rows]


def _ancestry(adapter: Path) -> list[str]:
    """Whether the adapter was imported or merged here, and of what."""
    lines: list[str] = []
    if (adapter / ORIGIN).exists():
        origin = json.loads((adapter / ORIGIN).read_bytes())
        source, trained_on = _quoted(origin["source"]), _quoted(origin["trainedOn"])
        lines += ["", "## Origin", "", f"Imported from {source}, trained on {trained_on}."]
    if (adapter / MERGE).exists():
        merge = json.loads((adapter / MERGE).read_bytes())
        lines += ["", f"## Merged by {merge['method']}", "", "| parent | weight |", "|---|---|"]
        lines += [f"| `{parent['adapter']}` | {parent['weight']:g} |" for parent in merge["parents"]]
    return lines


def _facts(title: str, facts: dict[str, Any] | None) -> list[str]:
    if not facts:
        return []
    rows = [(_plain(key), _plain(value)) for key, value in facts.items() if value is not None]
    return ["", f"## {title}", "", *_table(rows)]


def _table(rows: list[tuple[str, str | None]] | list[tuple[str, str]]) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows if value is not None)]


def _plain(value: Any) -> str:
    """Anything as the text of one table cell."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|").replace("\n", " ")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _use(kind: str, info: BaseInfo) -> list[str]:
    if kind == "peft":
        return [
            "```python",
            "from peft import PeftModel",
            "from transformers import AutoModelForCausalLM",
            "",
            f'base = AutoModelForCausalLM.from_pretrained("…")  # {info.name}',
            'model = PeftModel.from_pretrained(base, "this folder")',
            "```",
        ]
    if kind == "merged":
        return ["```python", 'AutoModelForCausalLM.from_pretrained("this folder")', "```"]
    return ["```", "llama-server --model the-file.gguf", "```"]
