"""Fine-tuning: LoRA on all linear layers through PEFT.

Objective of a step: Σ over the batch's records of (summed loss of the record's response tokens) ÷ a
constant divisor. The divisor is fixed for the whole job, so the gradient of one record's own term is
defined, and the batch gradient is the sum of its records' gradients.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
from openlora.train.data import Example, batches, collate
from openlora.train.evaluate import per_record, token_losses
from openlora.train.spec import Method, Training
from openlora.train.training_log import TrainingLog, nanos

WARMUP = 0.06  # of all steps, before the linear decay to zero
CLIP = 1.0  # largest norm of a step's gradient


@dataclass(frozen=True)
class StepReport:
    step: int
    steps: int
    epoch: int
    loss: float  # mean per response token of the batch
    learning_rate: float
    tokens_per_second: float


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
    ) -> None:
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
        config = LoraConfig(
            r=method.rank,
            lora_alpha=method.alpha,
            lora_dropout=method.dropout,
            target_modules=method.targetModules,
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
        """Fine-tune and write the adapter into `folder`, its middle checkpoint into `folder/checkpoint`."""
        training = self.training
        divisor = loss_divisor(examples, training.batchSize)
        steps = step_count(len(examples), training)
        middle = max(1, steps // 2)
        log.append(self._start_entry(divisor))
        optimizer = torch.optim.AdamW(self.parameters, lr=training.learningRate, weight_decay=0.0)
        checkpoint = ""
        step = tokens = 0
        started = time.monotonic()
        self.peft.train()
        for epoch in range(training.epochs):
            for batch in batches(examples, training.batchSize, training.seed, epoch):
                step += 1
                rate = learning_rate(step, steps, training.learningRate)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                losses = self._step(batch, divisor, optimizer)
                log.step(step, [example.record_id for example in batch], rate, losses)
                tokens += sum(len(example.tokens) for example in batch)
                speed = tokens / (time.monotonic() - started)
                mean = sum(losses) / sum(example.responses for example in batch)
                on_step(StepReport(step, steps, epoch + 1, mean, rate, speed))
                if step == middle:
                    checkpoint = self.save(folder / "checkpoint")
                    log.checkpoint(step, checkpoint)
                    on_checkpoint(step, checkpoint, log.head)
        self.peft.eval()
        adapter = self.save(folder)
        log.checkpoint(steps, adapter)
        on_checkpoint(steps, adapter, log.head)
        return Trained(adapter, checkpoint, middle, log.head, speed)

    def _step(self, batch: list[Example], divisor: int, optimizer: torch.optim.Optimizer) -> list[float]:
        losses = self.record_losses(batch)
        (losses.sum() / divisor).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return [float(loss) for loss in losses.detach()]

    def record_losses(self, batch: Sequence[Example]) -> Tensor:
        """Summed response-token loss of each record: [records], in nats."""
        collated = collate(batch, self.pad, self.device)
        with self.precision():
            losses, _ = token_losses(self.model, collated)
        return per_record(losses, collated)

    def save(self, folder: Path) -> str:
        """Write the current adapter; returns its id."""
        config = self.peft.peft_config["default"].to_dict()
        config["target_modules"] = sorted(config["target_modules"])
        config["base_model_name_or_path"] = self.info.id
        config["inference_mode"] = True
        plain = {key: getattr(value, "value", value) for key, value in config.items()}
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
