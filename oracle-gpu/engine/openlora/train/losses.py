"""The loss terms of records.

A step's objective is Σ (term of a record) ÷ a constant. The term is the summed loss of the record's trained
tokens, over all its pieces; of a preference (Rafailov et al., "Direct Preference Optimization", eq. 7)
−log σ(β · (l_r − l_c − l_r⁰ + l_c⁰)), with l the summed losses of the rejected and the chosen answer and l⁰
those under the base alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from openlora.train import packing
from openlora.train.data import Batch


def token_losses(model: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """Loss [trained tokens] of a batch, in nats, and whether each token is the likeliest one.

    The output head, a fifth of the model, runs only where a trained token is predicted.
    """
    with packing.reading(batch):
        places = packing.position_ids(batch)
        hidden = model.base_model(input_ids=batch.ids, use_cache=False, **places).last_hidden_state
    logits = model.get_output_embeddings()(hidden[batch.rows, batch.positions]).float()
    cap = getattr(model.config, "final_logit_softcapping", None)  # Gemma bends its logits after the head
    logits = logits if cap is None else torch.tanh(logits / cap) * cap
    losses = functional.cross_entropy(logits, batch.targets, reduction="none")
    return losses, logits.argmax(-1) == batch.targets


def per_piece(values: Tensor, batch: Batch) -> Tensor:
    """Sum values [trained tokens] by piece: [pieces]."""
    return values.new_zeros(len(batch.owners)).index_add(0, batch.pieces, values)


def per_record(values: Tensor, batch: Batch) -> Tensor:
    """Sum values [trained tokens] by record: [records]."""
    return values.new_zeros(batch.records).index_add(0, batch.owners[batch.pieces], values)


def record_terms(losses: Tensor, batch: Batch, base: Tensor | None) -> Tensor:
    """Terms [records] of losses [trained tokens]; `base`: those under the base alone, for preferences."""
    if batch.betas is None:
        return per_record(losses, batch)
    assert base is not None, "a preference is in relation to the base"
    chosen, rejected = per_piece(losses - base, batch).reshape(-1, 2).unbind(1)
    return -functional.logsigmoid(batch.betas * (rejected - chosen))
