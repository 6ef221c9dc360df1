"""Fine-tuning: LoRA on all linear layers through PEFT.

Objective of a step: Σ over the batch's records of (summed loss of the record's response tokens) ÷ a
constant divisor. The divisor is fixed for the whole job, so the gradient of one record's own term is
defined, and the batch gradient is the sum of its records' gradients.
"""

from __future__ import annotations

import time
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
from openlora.models.base import BaseInfo, fast_bf16, load_plain
from openlora.models.quantise import QUANTISATION, quantise
from openlora.train.data import Example, batches, collate
from openlora.train.evaluate import per_record, token_losses
from openlora.train.spec import Method, Training
from openlora.train.targets import choose_targets
from openlora.train.training_log import TrainingLog, nanos

WARMUP = 0.06  # of all steps, before the linear decay to zero
CLIP = 1.0  # largest norm of a step's gradient
CHECKPOINT = 0.375  # of all steps: where attribution takes its gradients (docs/decisions/0021)


@dataclass(frozen=True)
class StepReport:
    step: int
    steps: int
    epoch: int
    loss: float  # mean per response token of the batch
    learning_rate: float
    tokens_per_second: float


@dataclass(frozen=True)
class Step:
    """One optimizer step that was taken."""

    number: int  # from 1
    steps: int
    epoch: int  # from 1
    records: list[Example]  # those that were trained on
    learning_rate: float
    losses: list[float]  # summed over the response tokens of each of `records`, in nats


@dataclass(frozen=True)
class Trained:
    adapter: str
    checkpoint: str
    checkpoint_step: int
    log_root: bytes
    tokens_per_second: float


def loss_divisor(examples: Sequence[Example], batch_size: int) -> int:
    """Response tokens of an average batch, so that the objective is about the loss per token."""
    mean = sum(example.responses for example in examples) / len(examples)
    return max(1, round(mean * min(batch_size, len(examples))))


def step_count(examples: int, training: Training) -> int:
    return -(-examples // training.batchSize) * training.epochs


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then linear decay; `step` counts from 1."""
    warm = max(1, round(WARMUP * steps))
    return peak * min(step / warm, (steps - step + 1) / max(1, steps - warm + 1))


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
        base = load_plain(info.path, self.dtype, device, "eager")
        if method.kind == "qlora":
            quantise(base, self.dtype)
        config = LoraConfig(
            r=method.rank,
            lora_alpha=method.alpha,
            lora_dropout=method.dropout,
            use_rslora=method.kind == "rslora",
            use_dora=method.kind == "dora",
            target_modules=targets or choose_targets(base),
            task_type="CAUSAL_LM",
            base_model_name_or_path=info.id,
        )
        self.peft = get_peft_model(base, config)
        self.model = self.peft.base_model.model  # the causal model with LoRA layers inside
        self.parameters = [p for p in self.peft.parameters() if p.requires_grad]
        if self.dtype == torch.bfloat16:
            # Autocast makes both sides bfloat16; PEFT would first make each input float32, twice the copies.
            for module in self.peft.modules():
                if isinstance(module, BaseTunerLayer):
                    module.cast_input_dtype_enabled = False
        self.peft.eval()

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
        on_step: Callable[[StepReport], None],
        on_checkpoint: Callable[[int, str, bytes], None],
    ) -> Trained:
        """Fine-tune and write the adapter into `folder`, its earlier checkpoint into `folder/checkpoint`."""
        early = max(1, round(CHECKPOINT * step_count(len(examples), self.training)))
        log.append(self._start_entry(loss_divisor(examples, self.training.batchSize)))
        checkpoint = ""
        tokens = 0
        started = time.monotonic()
        for step in self.steps(examples):
            number, steps, records = step.number, step.steps, step.records
            log.step(number, [record.record_id for record in records], step.learning_rate, step.losses)
            tokens += sum(len(record.tokens) for record in records)
            speed = tokens / (time.monotonic() - started)
            mean = sum(step.losses) / sum(record.responses for record in records)
            on_step(StepReport(number, steps, step.epoch, mean, step.learning_rate, speed))
            if number == early:
                checkpoint = self.save(folder / "checkpoint")
                log.checkpoint(number, checkpoint)
                on_checkpoint(number, checkpoint, log.head)
        adapter = self.save(folder)
        log.checkpoint(steps, adapter)
        on_checkpoint(steps, adapter, log.head)
        return Trained(adapter, checkpoint, early, log.head, speed)

    def steps(self, examples: list[Example], included: Container[str] | None = None) -> Iterator[Step]:
        """Train step by step; the weights are those after the step that was yielded last.

        With `included`, records whose id is not in it weigh nothing: order, batch slots, divisor and
        learning rates stay those of the whole, so that two runs differ by the records alone.
        """
        training = self.training
        divisor = loss_divisor(examples, training.batchSize)
        steps = step_count(len(examples), training)
        optimizer = torch.optim.AdamW(self.parameters, lr=training.learningRate, weight_decay=0.0)
        number = 0
        for epoch in range(training.epochs):
            for batch in batches(examples, training.batchSize, training.seed, epoch):
                number += 1
                rate = learning_rate(number, steps, training.learningRate)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                records = batch if included is None else [x for x in batch if x.record_id in included]
                self.peft.train()
                losses = self._step(records, divisor, optimizer)
                self.peft.eval()
                yield Step(number, steps, epoch + 1, records, rate, losses)

    def _step(self, records: list[Example], divisor: int, optimizer: torch.optim.Optimizer) -> list[float]:
        if records:
            losses = self.record_losses(records)
            (losses.sum() / divisor).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
            found = [float(loss) for loss in losses.detach()]
        else:  # a gradient of zero still moves the weights by the optimizer's momentum
            for parameter in self.parameters:
                parameter.grad = torch.zeros_like(parameter)
            found = []
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return found

    def try_step(self, records: Sequence[Example]) -> None:
        """The work of a step, which changes nothing."""
        self.record_losses(records).sum().backward()  # type: ignore[no-untyped-call]
        for parameter in self.parameters:
            parameter.grad = None

    def record_losses(self, batch: Sequence[Example]) -> Tensor:
        """Summed response-token loss of each record: [records], in nats."""
        collated = collate(batch, self.pad, self.device)
        with self.precision():
            losses, _ = token_losses(self.model, collated)
        return per_record(losses, collated)

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

    def _start_entry(self, divisor: int) -> dict[str, Any]:
        method, training = self.method, self.training
        return {
            "type": "start",
            "base": self.info.id,
            "method": {
                "kind": method.kind,
                "rank": method.rank,
                "alpha": method.alpha,
                "dropoutNanos": nanos(method.dropout),
                "targetModules": method.targetModules,
            },
            "training": {
                "epochs": training.epochs,
                "learningRateNanos": nanos(training.learningRate),
                "batchSize": training.batchSize,
                "maxLength": training.maxLength,
                "heldOutEvery": training.heldOutEvery,
                "lossDivisor": divisor,
            },
            "seed": training.seed,
        }
