"""Processes that each hold a part of the base: how they meet, and what the first tells the others."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import FileStore

from openlora.shards.cut import Place

FOREVER = timedelta(
    days=3_650
)  # they wait for the next question as long as it takes; a closed socket ends it
MEETING = timedelta(minutes=10)  # in which all have loaded their part, or none goes on
Message = dict[str, Any]


class Group:
    """Joined by constructing it, which waits for the others. Used from one thread at a time."""

    def __init__(self, place: Place, meeting: Path, device: torch.device) -> None:
        """`meeting`: a file that is not there yet, the same for all. They listen on this machine alone."""
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        store = FileStore(str(meeting), place.count)
        store.set_timeout(MEETING)
        dist.init_process_group(
            backend, store=store, rank=place.number, world_size=place.count, timeout=FOREVER
        )
        self.place = place

    def tell(self, message: Message) -> None:
        """From the first to all others."""
        body = torch.frombuffer(bytearray(json.dumps(message).encode()), dtype=torch.uint8)
        dist.broadcast(torch.tensor([len(body)]), 0)
        dist.broadcast(body, 0)

    def hear(self) -> Message:
        size = torch.zeros(1, dtype=torch.int64)
        dist.broadcast(size, 0)
        body = torch.empty(int(size), dtype=torch.uint8)
        dist.broadcast(body, 0)
        message: Message = json.loads(body.numpy().tobytes())
        return message

    def leave(self) -> None:
        dist.destroy_process_group()
