"""Records of a training job: split, ordered and laid out as tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from openlora.train.examples import Example, Marked, Piece, pieces_of

BUCKET_BATCHES = 8  # batches drawn together and sorted by length, so that little is padding


@dataclass(frozen=True)
class Split:
    train: list[Example]
    held_out: list[Example]


def split(examples: list[Example], held_out_every: int, by: str = "record") -> Split:
    """Keep every n-th record out of training, or all records of every n-th cluster; 0 keeps none out."""
    if held_out_every == 0:
        return Split(examples, [])
    keys = [e.cluster if by == "cluster" else i for i, e in enumerate(examples)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    is_held = [numbers[key] % held_out_every == held_out_every - 1 for key in keys]
    held = [e for e, kept in zip(examples, is_held, strict=True) if kept]
    train = [e for e, kept in zip(examples, is_held, strict=True) if not kept]
    return Split(train, held)


def batches(examples: list[Example], size: int, seed: int, epoch: int) -> Iterator[list[Example]]:
    """Batches of one epoch in seeded order, each of similar lengths."""
    shuffler = random.Random(f"{seed}:{epoch}")
    order = list(examples)
    shuffler.shuffle(order)
    made: list[list[Example]] = []
    for start in range(0, len(order), size * BUCKET_BATCHES):
        bucket = sorted(order[start : start + size * BUCKET_BATCHES], key=lambda e: len(e.tokens))
        made += [bucket[at : at + size] for at in range(0, len(bucket), size)]
    shuffler.shuffle(made)
    yield from made


@dataclass(frozen=True)
class Batch:
    ids: Tensor  # [rows, length], padded at the right
    targets: Tensor  # [trained tokens]
    rows: Tensor  # [trained tokens]: which row each target is read in
    positions: Tensor  # [trained tokens]: the position in the row whose logits predict it
    pieces: Tensor  # [trained tokens]: which piece each target belongs to
    owners: Tensor  # [pieces]: which record each piece belongs to
    records: int
    betas: Tensor | None  # float32 [records], where these are preferences
    packed: tuple[Piece, ...] = ()  # where each piece lies, if all are in one row; empty: a row each


def collate(examples: Sequence[Marked], pad: int, device: torch.device, packed: bool = False) -> Batch:
    """Padding lies behind every trained token, so causal attention needs no mask.

    `packed`: all pieces end to end in one row, to be read by `packing.read`.
    """
    owners = [number for number, example in enumerate(examples) for _ in pieces_of(example)]
    read = [(e.tokens[a:b], e.trained[a:b]) for e in examples for a, b in pieces_of(e)]
    length = max(len(tokens) for tokens, _ in read)
    ids = torch.full((1, sum(len(t) for t, _ in read)) if packed else (len(read), length), pad)
    rows: list[int] = []
    positions: list[int] = []
    targets: list[int] = []
    pieces: list[int] = []
    places: list[Piece] = []
    start = 0
    for number, (tokens, trained) in enumerate(read):
        row = 0 if packed else number
        ids[row, start : start + len(tokens)] = torch.tensor(tokens)
        at = [i for i in range(1, len(tokens)) if trained[i]]
        rows += [row] * len(at)
        positions += [start + i - 1 for i in at]
        targets += [tokens[i] for i in at]
        pieces += [number] * len(at)
        if packed:
            places.append((start, start + len(tokens)))
            start += len(tokens)

    def tensor(values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    betas = [e.beta for e in examples if isinstance(e, Example) and e.beta is not None]
    assert len(betas) in (0, len(examples)), "preferences are trained apart"

    return Batch(
        ids.to(device), tensor(targets), tensor(rows), tensor(positions), tensor(pieces), tensor(owners),
        len(examples), torch.tensor(betas, device=device) if betas else None, tuple(places),
    )  # fmt: skip
