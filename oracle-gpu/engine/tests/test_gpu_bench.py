"""The script for GPUs runs, with a tiny model on a CPU, so that it cannot rot where there is no GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("triton")

from bench.gpu import main

SCRIPT = Path(__file__).resolve().parents[1] / "bench" / "gpu.sh"


def figures(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_SMALL", "1")


@pytest.mark.parametrize("part", ["switch", "decode", "memory"])
def test_a_part_gives_figures(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    main.run_part(part)
    found = figures(capsys.readouterr().out)
    assert found
    assert all(each["bench"] == "gpu" and each["value"] >= 0 for each in found)


def test_every_kernel_is_right_at_the_scripts_own_shapes(capsys: pytest.CaptureFixture[str]) -> None:
    main.run_part("kernels")
    errors = [each for each in figures(capsys.readouterr().out) if each["measure"].endswith("error")]
    assert len(errors) == 7
    assert all(each["ok"] for each in errors)


def test_the_peer_is_left_out_where_it_is_not_installed(capsys: pytest.CaptureFixture[str]) -> None:
    main.run_part("peer")
    assert [each["skipped"] for each in figures(capsys.readouterr().out)] == ["vLLM is not installed here"]


def test_a_part_that_fails_or_hangs_is_named_and_takes_no_other_with_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def run_apart(name: str, seconds: float) -> str | None:
        seen.append(name)
        return "it ended with 1" if name == "switch" else None

    monkeypatch.setattr(main, "run_apart", run_apart)
    assert main.run_all([]) == 1
    assert seen == list(main.PARTS)
    failed = [each for each in figures(capfd.readouterr().out) if "failed" in each]
    assert failed == [{"bench": "gpu", "part": "switch", "failed": "it ended with 1"}]


def test_a_part_is_ended_when_its_seconds_are_over() -> None:
    assert main.run_apart("kernels", 0.01) == "it took more than 0 seconds"


def test_the_script_says_which_parts_there_are() -> None:
    python = {**os.environ, "PYTHON": sys.executable}
    ended = subprocess.run([SCRIPT, "nothing"], env=python, capture_output=True, text=True, timeout=120)
    assert ended.returncode != 0
    assert "There is no part nothing" in ended.stderr
