"""How a model can be run: whether its layers read a paged cache, told by trying."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from openlora.models.base import BaseModel
from openlora.ops.attention import PagedBatch, PagedCache, Shape, Stretch, paged

log = logging.getLogger(__name__)
TOKENS, BLOCK = 6, 4  # of the trial: more than a block
EXACT, ROUGH = 1e-3, 0.05  # relative difference of states that rounding explains, in float32 and below


@dataclass(frozen=True)
class Abilities:
    """`shapes`: (heads, dim) of each layer's keys and values; None where no packed batch can be run."""

    shapes: list[tuple[Shape, Shape]] | None
    token_bytes: int  # keys and values of one token
    keeps_the_same: bool  # in its own cache as in a paged one, so that one can be copied into the other


@dataclass
class _Recorder:
    """Stands for a batch and notes what the layers hand over."""

    shapes: dict[int, tuple[Shape, Shape]] = field(default_factory=dict)

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, *_: Any) -> Tensor:
        self.shapes[layer] = ((key.shape[1], key.shape[3]), (value.shape[1], value.shape[3]))
        return query.new_zeros(1, query.shape[2], query.shape[1], value.shape[3])


@torch.no_grad()
def probe(base: BaseModel) -> Abilities:
    """By the model itself: where several processes hold it, each of them tries the same."""
    cache = DynamicCache(config=base.model.config)
    ids = torch.arange(1, 1 + TOKENS, device=base.device)[None]
    expected = base.model.base_model(input_ids=ids, past_key_values=cache, use_cache=True).last_hidden_state[
        0
    ]
    kept = [
        ((x.keys.shape[1], x.keys.shape[3]), (x.values.shape[1], x.values.shape[3])) for x in cache.layers
    ]
    try:
        shapes = _shapes(base, ids)
        if shapes is not None and not _agrees(base, shapes, ids, expected):
            shapes = None
    except Exception as error:  # whatever a model's code makes of arguments that it does not know
        log.info("no packed batches: %s", error)
        shapes = None
    sizes = kept if shapes is None else shapes
    numbers = sum(heads * dim for layer in sizes for heads, dim in layer)
    return Abilities(shapes, numbers * base.dtype.itemsize, shapes == kept)


def _shapes(base: BaseModel, ids: Tensor) -> list[tuple[Shape, Shape]] | None:
    recorder = _Recorder()
    positions = torch.arange(ids.shape[1], device=base.device)[None]
    with paged(base):
        base.model.base_model(input_ids=ids, position_ids=positions, use_cache=False, paged=recorder)
    layers = base.model.config.num_hidden_layers
    if sorted(recorder.shapes) != list(range(layers)):
        return None
    return [recorder.shapes[layer] for layer in range(layers)]


def _agrees(base: BaseModel, shapes: list[tuple[Shape, Shape]], ids: Tensor, expected: Tensor) -> bool:
    """Whether two copies of the trial's tokens, packed into one batch, both give its states."""
    own = -(-TOKENS // BLOCK)
    cache = PagedCache.make(2 * own, BLOCK, shapes, expected)
    places = torch.arange(TOKENS, device=base.device)
    stretches = [
        Stretch(
            slice(copy * TOKENS, (copy + 1) * TOKENS),
            torch.arange(copy * own, (copy + 1) * own, device=base.device),
            torch.tensor([TOKENS], device=base.device),
            TOKENS,
        )
        for copy in range(2)
    ]
    batch = PagedBatch(cache, torch.cat([places, places + own * BLOCK]), stretches)
    with paged(base):
        found = base.model.base_model(
            input_ids=ids.repeat(1, 2), position_ids=places.repeat(2)[None], use_cache=False, paged=batch
        ).last_hidden_state[0]
    allowed = EXACT if base.dtype == torch.float32 else ROUGH
    return all(
        bool((part.float() - expected.float()).norm() <= allowed * expected.float().norm())
        for part in found.split(TOKENS)
    )
