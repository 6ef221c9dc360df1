"""EK-FAC as `bergson` has it (MIT, EleutherAI), for comparison only: it is no dependency of the engine.

It needs packages that the engine does not (`datasets`, `pyarrow` and more), so they are installed beside it,
under `.openledger/bergson`, the first time that they are asked for, and it runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openlora.train.examples import Marked

ROOT = Path(__file__).resolve().parents[4]
PLACE = ROOT / ".openledger" / "bergson"
PACKAGES = Path(__file__).parent / "bergson.txt"
DAMPING = 0.1  # of the mean eigenvalue: bergson's default
IGNORED = -100  # a label that is not predicted, as transformers has it


def scores(
    kept: Path, adapter: Path, base: Path, records: Sequence[Marked], questions: Sequence[Marked]
) -> np.ndarray:
    """Influence of each record on each question's summed loss: float64 [questions, records].

    Curvature from labels that the model draws itself, eigenvalues corrected, over all LoRA matrices of
    `adapter`. The file `kept` holds the result of an earlier call; bergson's own words go beside it, into
    `bergson.log`. Raises CalledProcessError where it stops.
    """
    if kept.exists():
        found: np.ndarray = np.load(kept)
        return found
    if not (PLACE / "bergson").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(PLACE)]
        subprocess.run([*command, "-r", str(PACKAGES)], check=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        _copy_adapter(adapter, base, work / "adapter")
        for what, sequences in (("records", records), ("questions", questions)):
            lines = [json.dumps(_row(sequence)) for sequence in sequences]
            (work / f"{what}.jsonl").write_text("\n".join(lines))
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'oracle-gpu' / 'engine'}{os.pathsep}{PLACE}"}
        command = [sys.executable, "-m", "bench.attribution.ekfac", str(work), str(base)]
        with (kept.parent / "bergson.log").open("w") as log:
            subprocess.run(command, check=True, env=environment, cwd=work, stdout=log, stderr=log)
        found = np.load(work / "scores.npy").astype(np.float64)
        np.save(kept, found)
    return found


def _copy_adapter(adapter: Path, base: Path, to: Path) -> None:
    to.mkdir()
    (to / "adapter_model.safetensors").symlink_to((adapter / "adapter_model.safetensors").resolve())
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = str(base)
    (to / "adapter_config.json").write_text(json.dumps(config))


def _row(sequence: Marked) -> dict[str, list[int]]:
    labels = [t if marked else IGNORED for t, marked in zip(sequence.tokens, sequence.trained, strict=True)]
    return {"input_ids": list(sequence.tokens), "labels": labels}


def _run(work: Path, base: Path) -> None:
    """In the process that has bergson."""
    from bergson.config.config import (  # type: ignore[import-not-found]
        DataConfig,
        HessianConfig,
        HessianPipelineConfig,
        IndexConfig,
        InversionConfig,
        PreprocessConfig,
        QuerySetConfig,
        ScoreConfig,
    )
    from bergson.data import load_scores  # type: ignore[import-not-found]
    from bergson.hessians.pipeline import hessian_pipeline  # type: ignore[import-not-found]

    index = IndexConfig(
        run_path=str(work / "run"),
        model=str(work / "adapter"),
        tokenizer=str(base),
        data=DataConfig(dataset=str(work / "records.jsonl")),
        token_batch_size=1024,
        force_math_sdp=True,
    )
    pipeline = HessianPipelineConfig(
        query=QuerySetConfig(dataset=str(work / "questions.jsonl")),
        inversion_cfg=InversionConfig(damping_factor=DAMPING),
    )
    hessian = HessianConfig(method="kfac", ev_correction=True)
    hessian_pipeline(index, hessian, ScoreConfig(), PreprocessConfig(), pipeline)
    found = load_scores(work / "run" / "scores")[:]  # [records, questions]
    np.save(work / "scores.npy", np.asarray(found, np.float32).T)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), Path(sys.argv[2]))
