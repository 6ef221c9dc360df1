"""Tasks of EleutherAI's lm-eval, from local files, on base and adapters. Needs the extra `lm-eval`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from openlora.errors import EngineError
from openlora.models.base import BaseModel

os.environ.setdefault("HF_DATASETS_OFFLINE", "1")  # questions come from the task's own files

try:
    from lm_eval import simple_evaluate
    from lm_eval.api.model import TemplateLM
    from lm_eval.tasks import TaskManager
except ImportError as error:
    message = "Tasks of lm-eval need the extra: pip install 'openlora[lm-eval]'."
    raise EngineError(501, "extra_missing", message) from error

MOST_NEW_TOKENS = 256  # of an answer whose task says none


class HarnessModel(TemplateLM):  # type: ignore[misc]  # lm-eval has no types
    """A base, with whatever weights its switch uses now, as lm-eval asks a model."""

    def __init__(self, base: BaseModel, tokenizer: Any, context: int) -> None:
        super().__init__()
        self._base, self._tokenizer, self._context = base, tokenizer, context

    @property
    def eot_token_id(self) -> int:
        return int(self._tokenizer.eos_token_id)

    @property
    def tokenizer_name(self) -> str:
        return "openlora"

    def chat_template(self, chat_template: bool | str = False) -> str:
        return str(self._tokenizer.chat_template) if chat_template else ""

    def apply_chat_template(self, history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                history,
                tokenize=False,
                add_generation_prompt=add_generation_prompt,
                continue_final_message=not add_generation_prompt,
            )
        )

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        ids: list[int] = self._tokenizer(string, add_special_tokens=False)["input_ids"]
        return ids

    def _losses(self, tokens: list[int]) -> tuple[Tensor, Tensor]:
        """Log-probability of each token after the first, and whether it was the likeliest [tokens - 1]."""
        ids = torch.tensor([tokens], device=self._base.device)
        with torch.no_grad():
            logits = self._base.model(input_ids=ids[:, :-1]).logits[0].float()
        chances = logits.log_softmax(-1)
        following = ids[0, 1:]
        return chances.gather(1, following[:, None])[:, 0], logits.argmax(-1) == following

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], **_: Any
    ) -> list[tuple[float, bool]]:
        """What does not fit in the context is cut at the left."""
        found = []
        for _texts, before, after in requests:
            tokens = (before + after)[-self._context :]
            counted = min(len(after), len(tokens) - 1)
            chances, likeliest = self._losses(tokens)
            found.append((float(chances[-counted:].sum()), bool(likeliest[-counted:].all())))
        return found

    def loglikelihood_rolling(self, requests: Sequence[Any], **_: Any) -> list[float]:
        """Of whole texts, in windows that do not overlap, each after one token of what came before."""
        found = []
        for request in requests:
            tokens = [self.eot_token_id, *self.tok_encode(request.args[0])]
            step = self._context - 1
            windows = [tokens[at : at + self._context] for at in range(0, len(tokens) - 1, step)]
            found.append(sum(float(self._losses(window)[0].sum()) for window in windows))
        return found

    def generate_until(self, requests: Sequence[Any], **_: Any) -> list[str]:
        """Greedy answers, up to a stop text of the task."""
        texts = []
        for request in requests:
            prompt, options = request.args
            stops = options.get("until") or []
            stops = [stops] if isinstance(stops, str) else stops
            most = int(options.get("max_gen_toks", MOST_NEW_TOKENS))
            if options.get("do_sample") and options.get("temperature", 0) > 0:
                raise EngineError(
                    400, "invalid_request", "Only greedy tasks are answered: set do_sample: false."
                )
            ids = self.tok_encode(prompt)[-(self._context - 1) :]
            given = torch.tensor([ids], device=self._base.device)
            with torch.no_grad():
                out = self._base.model.generate(
                    input_ids=given,
                    attention_mask=torch.ones_like(given),
                    max_new_tokens=min(most, self._context - len(ids)),
                    do_sample=False,
                    eos_token_id=self.eot_token_id,
                    pad_token_id=self.eot_token_id,
                )
            text: str = self._tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True)
            for stop in stops:
                text = text.split(stop)[0] if stop else text
            texts.append(text)
        return texts


def run_tasks(model: HarnessModel, folder: Path, chat: bool) -> dict[str, dict[str, float]]:
    """Every task in the folder's YAML files: its metrics by their names. EngineError 400 where it has none.

    `chat`: questions are put in the model's chat template.
    """
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    names = sorted(manager.all_subtasks)
    if not names:
        raise EngineError(400, "bad_tasks", f"{folder} has no task of lm-eval: put its YAML file there.")
    found = simple_evaluate(
        model=model,
        tasks=names,
        task_manager=manager,
        log_samples=False,
        apply_chat_template=chat,
        bootstrap_iters=0,
        verbosity="ERROR",
    )
    return {
        name: {
            key.removesuffix(",none"): float(value)
            for key, value in result.items()
            if isinstance(value, int | float) and "stderr" not in key
        }
        for name, result in found["results"].items()
    }
