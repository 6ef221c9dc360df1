"""Fine-tuning: LoRA on all linear layers through PEFT.

Objective of a step: Σ over its records of (the record's term, losses.py) ÷ a constant divisor. The divisor
is fixed for the whole job, so the gradient of one record's own term is defined, and the gradient of a step
is the sum of its records' gradients, however many batches it was accumulated over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor

from openlora.adapters.store import write_adapter
from openlora.errors import EngineError
from openlora.models.base import BaseInfo, fast_bf16, load_plain
from openlora.models.quantise import QUANTISATION, quantise
from openlora.train import course, packing
from openlora.train.course import CHECKPOINT as CHECKPOINT
from openlora.train.data import collate
from openlora.train.examples import Example
from openlora.train.fused import fuse
from openlora.train.losses import record_terms, token_losses
from openlora.train.schedule import learning_rate as learning_rate
from openlora.train.schedule import loss_divisor as loss_divisor
from openlora.train.schedule import step_count as step_count
from openlora.train.schedule import steps_of
from openlora.train.spec import Method, Training
from openlora.train.state import TrainState, numbered
from openlora.train.targets import choose_targets
from openlora.train.training_log import TrainingLog

CLIP = 1.0  # largest norm of a step's gradient


@dataclass(frozen=True)
class Step:
    """One optimizer step that was taken."""

    number: int  # from 1
    steps: int
    epoch: int  # from 1
    records: list[Example]  # those that were trained on
    learning_rate: float
    losses: list[float]  # the term of each of `records`, in nats


class Trainer:
    def __init__(
        self,
        info: BaseInfo,
        method: Method,
        training: Training,
        pad: int,
        device: torch.device,
        dtype: torch.dtype | None = None,
        targets: list[str] | str | None = None,
    ) -> None:
        """`targets` names the modules as PEFT does; without it `method` says which."""
        self.info = info
        self.method = method
        self.training = training
        self.pad = pad
        self.device = device
        # Native bfloat16 halves the time of a step; where it would be emulated, stay in float32.
        large = info.parameters > 10_000_000
        bf16 = dtype == torch.bfloat16 if dtype else large and fast_bf16(device)
        self.dtype = torch.bfloat16 if bf16 else torch.float32
        torch.manual_seed(training.seed)
        # Eager attention: on CPUs the fused one takes four times as long at these lengths.
        attention = packing.ATTENTION if training.packing else "eager"
        base = load_plain(info.path, self.dtype, device, attention)
        self.packs = training.packing and packing.can_pack(base)
        if method.kind == "qlora":
            quantise(base, self.dtype)
        config = LoraConfig(
            r=method.rank,
            lora_alpha=method.alpha,
            lora_dropout=method.dropout,
            use_rslora=method.kind == "rslora",
            use_dora=method.kind == "dora",
            target_modules=targets or choose_targets(base, method.targetModules),
            task_type="CAUSAL_LM",
            base_model_name_or_path=info.id,
        )
        self.peft = get_peft_model(base, config)
        if self.packs:
            fuse(self.peft)
        self.model = self.peft.base_model.model  # the causal model with LoRA layers inside
        self.parameters = [p for p in self.peft.parameters() if p.requires_grad]
        if self.dtype == torch.bfloat16:
            # Autocast makes both sides bfloat16; PEFT would first make each input float32, twice the copies.
            for module in self.peft.modules():
                if isinstance(module, BaseTunerLayer):
                    module.cast_input_dtype_enabled = False
        self.peft.eval()
        self.optimizer = self._fresh_optimizer()

    def precision(self) -> AbstractContextManager[Any]:
        """bfloat16 products, float32 LoRA weights; nothing in float32. May be entered again."""
        if self.dtype == torch.bfloat16:
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()

    def train(
        self,
        examples: list[Example],
        log: TrainingLog,
        folder: Path,
        on_step: Callable[[course.StepReport], None],
        on_checkpoint: Callable[[int, str, bytes], None],
        held_out: Sequence[Example] = (),
        keep: Path | None = None,
        on_look: Callable[[course.LookReport], None] = lambda _: None,
    ) -> course.Trained:
        """Fine-tune and write the adapter into `folder`, its earlier checkpoint into `folder/checkpoint`.

        `held_out` is looked at after each epoch where the training has a `patience`, and `on_look` told.
        `keep`: file of the state, which is saved as the training goes on, and which it goes on from where
        there is one.
        """
        return course.run(self, examples, log, folder, on_step, on_checkpoint, held_out, keep, on_look)

    def steps(
        self,
        examples: list[Example],
        included: Container[str] | None = None,
        state: TrainState | None = None,
    ) -> Iterator[Step]:
        """Train step by step; the weights are those after the step that was yielded last.

        With `included`, records whose id is not in it weigh nothing: order, batch slots, divisor and
        learning rates stay those of the whole, so that two runs differ by the records alone. With `state`,
        what came up to it is not done again: the next step is exactly the one that would have followed.
        """
        training = self.training
        divisor = loss_divisor(examples, training.perStep)
        steps = step_count(len(examples), training)
        if state is None:
            self.optimizer = self._fresh_optimizer()
        else:
            self.restore(state)
        for number, (epoch, batches) in enumerate(steps_of(examples, training), start=1):
            if state is not None and number <= state.step:
                continue
            rate = learning_rate(number, steps, training.learningRate, training.schedule, training.warmup)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            taken = [[x for x in batch if included is None or x.record_id in included] for batch in batches]
            self.peft.train()
            losses = self._step([batch for batch in taken if batch], divisor, number)
            self.peft.eval()
            yield Step(number, steps, epoch, [x for batch in taken for x in batch], rate, losses)

    def _step(self, batches: list[list[Example]], divisor: int, number: int) -> list[float]:
        found: list[float] = []
        for records in batches:
            terms = [0.0] * len(records)
            for owners, parts in portions(records, self.training.batchSize):
                losses = self.record_losses(parts)
                for owner, loss in zip(owners, losses.tolist(), strict=True):
                    if not math.isfinite(loss):
                        raise not_finite(records[owner].record_id, number, self.training.learningRate)
                    terms[owner] += loss
                (losses.sum() / divisor).backward()  # type: ignore[no-untyped-call]
            found += terms
        if batches:
            norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, CLIP))
            if not math.isfinite(norm):
                raise not_finite(batches[0][0].record_id, number, self.training.learningRate)
        else:  # a gradient of zero still moves the weights by the optimizer's momentum
            for parameter in self.parameters:
                parameter.grad = torch.zeros_like(parameter)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return found

    def state(self) -> dict[str, Tensor]:
        """What the next step depends on, beside its number: see state.py."""
        found: dict[str, Tensor] = {"rng": torch.get_rng_state()}
        if self.device.type == "cuda":
            found["rng.cuda"] = torch.cuda.get_rng_state(self.device)
        for i, parameter in enumerate(self.parameters):
            moments = self.optimizer.state[parameter]
            found |= {f"p.{i}": parameter, f"m.{i}": moments["exp_avg"], f"v.{i}": moments["exp_avg_sq"]}
        return found

    def _fresh_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters, lr=self.training.learningRate, weight_decay=0.0)

    def restore(self, state: TrainState) -> None:
        """Weights, moments and random numbers as they were when `state` was taken."""
        self.optimizer = self._fresh_optimizer()
        stored = {letter: numbered(state.tensors, letter) for letter in "pmv"}
        with torch.no_grad():
            for parameter, p, m, v in zip(
                self.parameters, stored["p"], stored["m"], stored["v"], strict=True
            ):
                parameter.copy_(p)
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(state.step)),
                    "exp_avg": m.to(self.device),
                    "exp_avg_sq": v.to(self.device),
                }
        torch.set_rng_state(state.tensors["rng"])
        if "rng.cuda" in state.tensors:
            torch.cuda.set_rng_state(state.tensors["rng.cuda"], self.device)

    def try_step(self, records: Sequence[Example]) -> None:
        """The work of a step, which changes nothing."""
        _, parts = next(portions(records, len(records)))
        self.record_losses(parts).sum().backward()  # type: ignore[no-untyped-call]
        for parameter in self.parameters:
            parameter.grad = None

    def record_losses(self, batch: Sequence[Example]) -> Tensor:
        """The term of each record in the objective, undivided: [records], in nats."""
        packed = self.packs and packing.saves(batch)
        collated = collate(batch, self.pad, self.device, packed)
        base = None
        if collated.betas is not None:
            with self.peft.disable_adapter(), torch.no_grad(), self.precision():
                base, _ = token_losses(self.model, collated)
        with self.precision():
            losses, _ = token_losses(self.model, collated)
        return record_terms(losses, collated, base)

    def mean_loss(self, examples: Sequence[Example]) -> float:
        """The terms of `examples` per unit, in nats."""
        parts = [part for example in examples for part in example.apart()]
        ordered = sorted(parts, key=lambda part: len(part.tokens))
        size = self.training.batchSize
        total = 0.0
        for start in range(0, len(ordered), size):
            with torch.no_grad():
                total += float(self.record_losses(ordered[start : start + size]).sum())
        return total / sum(example.units for example in examples)

    def save(self, folder: Path) -> str:
        """Write the current adapter; returns its id."""
        config = self.peft.peft_config["default"].to_dict()
        config["base_model_name_or_path"] = self.info.id
        config["inference_mode"] = True
        plain = {
            key: sorted(value) if isinstance(value, set) else getattr(value, "value", value)
            for key, value in config.items()
        }
        if self.method.kind == "qlora":
            plain["base_quantization"] = QUANTISATION
        return write_adapter(folder, get_peft_model_state_dict(self.peft), plain)


def portions(records: Sequence[Example], size: int) -> Iterator[tuple[list[int], list[Example]]]:
    """What is read at once, with the place of the record that each part is of.

    All records together, or, where documents have several pieces, as many pieces as a batch has records.
    """
    parts = [(place, part) for place, record in enumerate(records) for part in record.apart()]
    step = len(parts) if len(parts) == len(records) else size
    for start in range(0, len(parts), step):
        owners, read = zip(*parts[start : start + step], strict=True)
        yield list(owners), list(read)


def not_finite(record_id: str, step: int, rate: float) -> EngineError:
    message = (
        f"The loss is not a finite number at step {step}, with record {record_id}. Try half the learning"
        f" rate ({rate / 2:g}) or a longer warm-up; if it is always this record, leave it out."
    )
    return EngineError(422, "loss_not_finite", message, recordId=record_id, step=step, rate=rate)
