"""The processes that hold a base together: started with the engine, and gone with it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from openlora.models.base import BaseModel
from openlora.shards.cut import Place, load_shard
from openlora.shards.group import Group
from openlora.shards.leader import Leader

log = logging.getLogger(__name__)
PATIENCE = 30  # seconds until a process that was told to end is ended


class Shards:
    """Starts the others and joins them. `base` is the first one's part, through which all compute."""

    def __init__(
        self,
        path: Path,
        base_id: str,
        adapters: Path,
        resident_bytes: int,
        dtype: torch.dtype,
        device: torch.device,
        threads: int,
        count: int,
        on_loss: Callable[[], None],
    ) -> None:
        """`on_loss` is called where a part is gone. EngineError 503 where the base cannot be divided."""
        self._closing = False
        self._on_loss = on_loss  # later the leader's, which calls it once
        place = Place(0, count)
        part = load_shard(path, dtype, device_of(device, 0), place)  # refuses before anything is started
        self._folder = Path(tempfile.mkdtemp(prefix="openlora-shards-"))
        each = max(threads // count, 1)
        self._processes = [
            subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "openlora",
                        "shard",
                        "--number",
                        str(number),
                        "--count",
                        str(count),
                    ),
                    *("--base", str(path), "--base-id", base_id, "--adapters", str(adapters)),
                    *("--resident-bytes", str(resident_bytes), "--meeting", str(self._meeting)),
                    *("--device", str(device_of(device, number)), "--threads", str(each)),
                    *("--dtype", str(dtype).removeprefix("torch.")),
                ],
                stdin=subprocess.PIPE,  # they leave when it closes
            )
            for number in range(1, count)
        ]
        for process in self._processes:
            threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        group = Group(place, self._meeting, device_of(device, 0))
        leader = Leader(group, on_loss)
        self._on_loss = leader.lose
        self.base: BaseModel = replace(part, leader=leader)

    @property
    def _meeting(self) -> Path:
        return self._folder / "meeting"

    def close(self) -> None:
        """After the engine has told them to end."""
        self._closing = True
        for process in self._processes:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if not self._closing and code != 0:
            log.error("a shard ended with %s", code)
            self._on_loss()


def device_of(device: torch.device, number: int) -> torch.device:
    """A GPU for each; the CPU is one for all."""
    return torch.device("cuda", number) if device.type == "cuda" else device
