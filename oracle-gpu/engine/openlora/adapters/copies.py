"""Copies to the device, which may go on while it computes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor


class Event(Protocol):
    """A place in what the device was told to do."""

    def wait(self) -> None:
        """What the calling thread tells the device from now on begins after it."""
        ...

    def query(self) -> bool:
        """Whether the device has come so far."""
        ...


class Copies:
    """Where memory and device are the same memory: done when the call returns, so there are no events."""

    def apart(self) -> AbstractContextManager[object]:
        """What is told the device within this is not in the order of its computing."""
        return nullcontext()

    def event(self) -> Event | None:
        """After all that was told so far: within `apart` of the copies, else of the computing."""
        return None


class StreamedCopies(Copies):
    """CUDA: a stream of their own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def apart(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self._stream)

    def event(self) -> Event | None:
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self._device))
        return event


def choose_copies(device: torch.device) -> Copies:
    return StreamedCopies(device) if device.type == "cuda" else Copies()


def is_locked(device: torch.device) -> bool:
    """Whether memory has to stay in its place so that the device copies from it while no thread waits."""
    return device.type == "cuda"


def resting(part: Tensor, device: torch.device) -> Tensor:
    """The same numbers in memory, as they wait to be copied to the device."""
    return part.cpu().pin_memory() if is_locked(device) else part
