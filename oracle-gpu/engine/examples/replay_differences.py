"""How far apart honest engines are: what one precision or thread count chooses, as the other one sees it.

python examples/replay_differences.py --models <folder> [text files]   (needs no running engine)
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from openlora.config import fix_numerics

fix_numerics()

import torch  # noqa: E402
from transformers import DynamicCache  # noqa: E402

from openlora.models.base import find_base, load_base, load_tokenizer  # noqa: E402

WINDOW = 512  # tokens read together
ANSWERED = 128  # tokens of the one answer that is decoded step by step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--positions", type=int, default=4096)
    parser.add_argument("texts", type=Path, nargs="+")
    given = parser.parse_args()
    path = find_base(given.models)
    text = "\n".join(file.read_text(encoding="utf-8") for file in given.texts)
    ids = load_tokenizer(path)(text)["input_ids"][: given.positions]
    windows = [torch.tensor([ids[at : at + WINDOW]]) for at in range(0, len(ids), WINDOW)]
    cpu = torch.device("cpu")
    seen: dict[str, list[torch.Tensor]] = {}
    for dtype, threads in ((torch.float32, 2), (torch.float32, 1), (torch.bfloat16, 2), (torch.bfloat16, 1)):
        torch.set_num_threads(threads)
        model = load_base(path, dtype, cpu).model
        name = f"{str(dtype).removeprefix('torch.')}, {threads} threads"
        with torch.no_grad():
            seen[name] = [model(input_ids=window).logits[0].float() for window in windows]
            if threads == 2:
                seen[f"{name}, token by token"] = [decode(model, windows[0][:, :ANSWERED])]
        print(f"read {len(ids)} tokens in {name}", flush=True)
    print("chosen by → seen by: agreement, gap at p99, p99.9, largest (nats)")
    for one, other in itertools.permutations(seen, 2):
        gaps, same, count = [], 0, 0
        for a, b in zip(seen[one], seen[other], strict=False):
            length = min(len(a), len(b))
            choice = a[:length].argmax(-1)
            gaps.append(b[:length].max(-1).values - b[:length].gather(-1, choice[:, None])[:, 0])
            same += int((choice == b[:length].argmax(-1)).sum())
            count += length
        at = torch.cat(gaps).quantile(torch.tensor([0.99, 0.999, 1.0])).tolist()
        print(f"{one} → {other}: {same}/{count}, " + ", ".join(f"{gap:.4f}" for gap in at))


def decode(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """Logits [tokens, vocabulary] as serving makes them: one token at a time over a cache."""
    cache = DynamicCache(config=model.config)
    steps = [
        model(input_ids=ids[:, at : at + 1], past_key_values=cache).logits[0] for at in range(ids.shape[1])
    ]
    return torch.cat(steps).float()


if __name__ == "__main__":
    main()
