"""The base model: identity, weights, tokenizer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging

from openlora.config import Weights
from openlora.errors import EngineError
from openlora.models.quantise import round_weights
from openlora.ops.lora import LoraSwitch, install_lora
from openlora.ops.quantised import quantise_layers
from openlora.verify import hashing

if TYPE_CHECKING:
    from openlora.shards.leader import Leader

logging.disable_progress_bar()
CARD = "openlora.json"  # name and licence of a converted model, written by `openlora setup`


@dataclass(frozen=True)
class BaseInfo:
    id: str  # 0x sha256 over weights and config
    name: str
    family: str
    licence: str
    parameters: int
    context_length: int
    tokenizer_hash: str
    path: Path

    def public(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "family": self.family,
            "licence": self.licence,
            "parameters": self.parameters,
            "contextLength": self.context_length,
            "tokenizerHash": self.tokenizer_hash,
        }


@dataclass(frozen=True)
class BaseModel:
    """Weights ready to run. `model` is a transformers causal language model."""

    model: Any
    switch: LoraSwitch
    dtype: torch.dtype
    device: torch.device
    weights: Weights = "whole"
    shard: str = ""  # "1of2", where several processes hold the base together
    leader: Leader | None = None  # tells the others of them; of the first one

    @property
    def precision(self) -> str:
        """As a receipt says it: what sums are made in, and how weights are kept where not whole."""
        sums = str(self.dtype).removeprefix("torch.")
        return sums if self.weights == "whole" else f"{self.weights}-{sums}"

    @property
    def bytes(self) -> int:
        """Memory of all weights; what several layers share counts once."""
        held = {each.data_ptr(): each.nbytes for each in [*self.model.parameters(), *self.model.buffers()]}
        return sum(held.values())

    @property
    def body(self) -> Any:
        """The model without its output head; its `last_hidden_state` is what `logits` takes."""
        own = self.model.base_model
        return own if self.leader is None else partial(self.leader.compute, own, self.switch)

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., width] → [..., vocabulary], as the whole model would give them."""
        logits: Tensor = self.model.get_output_embeddings()(hidden)
        cap = getattr(self.model.config, "final_logit_softcapping", None)
        return logits if cap is None else torch.tanh(logits / cap) * cap


def find_base(models: Path, name: str | None = None) -> Path:
    """Folder of the base model; EngineError says what to do when there is none or several."""
    found = sorted(card.parent for card in models.glob(f"*/{CARD}"))
    if name is not None:
        found = [path for path in found if path.name == name]
    if len(found) == 1:
        return found[0]
    if not found:
        message = f"There is no base model in {models}: run `openlora setup --models {models}`."
    else:
        names = ", ".join(path.name for path in found)
        message = f"Several base models lie in {models} ({names}): choose one with --base."
    raise EngineError(503, "no_base_model", message)


def chat_template(path: Path) -> str:
    return (path / "chat_template.jinja").read_text(encoding="utf-8")


def read_info(path: Path) -> BaseInfo:
    """Identity of the base in `path`, hashing its files (about half a second for 540 MB)."""
    card = json.loads((path / CARD).read_text(encoding="utf-8"))
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    weights = hashing.sha256_file(path / "model.safetensors")
    if hashing.to_hex(weights) != card["weightsSha256"]:
        raise EngineError(
            503,
            "base_model_damaged",
            f"The weights in {path} are not those that were set up: delete the folder and run setup again.",
        )
    tokenizer = (path / "tokenizer.json").read_bytes()
    return BaseInfo(
        id=hashing.to_hex(hashing.content_id(weights, config)),
        name=card["name"],
        family=config["model_type"],
        licence=card["licence"],
        parameters=card["parameters"],
        context_length=config["max_position_embeddings"],
        tokenizer_hash=hashing.to_hex(hashing.tokenizer_hash(tokenizer, chat_template(path))),
        path=path,
    )


def load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
    return tokenizer


def choose_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 matrix products are native here (else they are emulated and slow)."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def choose_dtype(name: str, device: torch.device, info: BaseInfo) -> torch.dtype:
    """Serving weights: bfloat16 halves the bytes read per token; small models gain nothing."""
    if name == "auto":
        name = "bfloat16" if fast_bf16(device) and info.parameters > 10_000_000 else "float32"
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def load_plain(path: Path, dtype: torch.dtype, device: torch.device, attention: str) -> Any:
    """The transformers model, frozen and in evaluation mode."""
    model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, attn_implementation=attention)
    model.requires_grad_(False)
    return model.to(device).eval()


def load_base(
    path: Path,
    dtype: torch.dtype,
    device: torch.device,
    attention: str = "sdpa",
    quantised: bool = False,
    weights: Weights = "whole",
) -> BaseModel:
    """The model with switchable LoRA layers. `attention` is "eager" where gradients are taken.

    `quantised`: with the numbers that its weights have in four bits, as QLoRA adapters were trained on.
    `weights`: how the linear layers keep them. Gradients need them whole. EngineError 503 where they cannot.
    """
    model = load_plain(path, dtype, device, attention)
    if quantised:
        round_weights(model)
    quantise_layers(model, weights)
    return BaseModel(model, install_lora(model), dtype, device, weights)
