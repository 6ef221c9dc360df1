"""bench/gpu.sh [kernels|switch|decode|memory|peer …]

Each part is a process of its own with a budget of seconds, so that one that fails or hangs takes nothing from
the others. What a part measured is printed as it ends.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import torch

from bench.gpu.decode import decode
from bench.gpu.kernels import kernels
from bench.gpu.memory import memory
from bench.gpu.peer import Skipped, peer
from bench.gpu.setting import Setting, setting
from bench.gpu.switch import switch
from bench.measure import Measure, report

Part = Callable[[Setting], list[Measure]]
PARTS: dict[str, tuple[Part, int]] = {  # and how many seconds it may take
    "kernels": (kernels, 90),
    "switch": (switch, 60),
    "decode": (decode, 150),
    "memory": (memory, 100),
    "peer": (peer, 120),
}
WHOLE = 530  # seconds: under nine minutes


def run_all(chosen: Sequence[str]) -> int:
    """0 if all parts came to their end; goals that are missed are figures like others."""
    describe(setting())
    until = time.monotonic() + WHOLE
    failed = False
    for name in [name for name in PARTS if not chosen or name in chosen]:
        seconds = min(PARTS[name][1], until - time.monotonic())
        reason = run_apart(name, seconds) if seconds > 0 else "there was no time left"
        if reason is not None:
            failed = True
            print(json.dumps({"bench": "gpu", "part": name, "failed": reason}), flush=True)
    return int(failed)


def run_apart(name: str, seconds: float) -> str | None:
    """Why the part failed."""
    print(f"{name}: at most {seconds:.0f} s", flush=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.gpu.main", f"--part={name}"], start_new_session=True
    )
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with whatever it started
        process.wait()
        return f"it took more than {seconds:.0f} seconds"
    return None if code == 0 else f"it ended with {code}"


def run_part(name: str) -> None:
    started = time.monotonic()
    try:
        report(PARTS[name][0](setting()))
    except Skipped as reason:
        print(json.dumps({"bench": "gpu", "part": name, "skipped": str(reason)}))
    print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


def describe(of: Setting) -> None:
    """Where the figures come from, as the first line of JSON."""
    is_gpu = of.device.type == "cuda"
    found = {
        "bench": "gpu",
        "device": torch.cuda.get_device_name() if is_gpu else platform.processor() or platform.machine(),
        "deviceBytes": torch.cuda.get_device_properties(0).total_memory if is_gpu else None,
        "isSmall": of.is_small,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("--part="):
        run_part(sys.argv[1].removeprefix("--part="))
    else:
        unknown = set(sys.argv[1:]) - PARTS.keys()
        if unknown:
            raise SystemExit(f"There is no part {', '.join(sorted(unknown))}: choose of {', '.join(PARTS)}.")
        sys.exit(run_all(sys.argv[1:]))
