"""Writes `numpy.jsonl`: a question for each public function or class of NumPy, answered by its docstring."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from pathlib import Path

import numpy as np

MODULES = (
    "numpy", "numpy.linalg", "numpy.fft", "numpy.random", "numpy.char", "numpy.ma", "numpy.testing",
    "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev", "numpy.polynomial.legendre",
    "numpy.polynomial.hermite", "numpy.polynomial.laguerre", "numpy.rec", "numpy.lib.stride_tricks",
)  # fmt: skip
SHORTEST, LONGEST = 30, 200  # characters of an answer


def summary(documented: object) -> str:
    """First paragraph of the docstring, without a signature before it."""
    text = inspect.getdoc(documented) or ""
    if re.match(r"^[\w.]+\(", text):
        text = text.partition("\n\n")[2]
    return " ".join(text.split("\n\n")[0].split())


def records() -> list[dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for module in MODULES:
        for name, value in sorted(vars(importlib.import_module(module)).items()):
            answer = summary(value)
            if name.startswith("_") or not callable(value) or not SHORTEST <= len(answer) <= LONGEST:
                continue
            title = f"{module}.{name}"
            question = f"What does `{title}` do?"
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            version = f"numpy {np.__version__}"
            source = {"title": title, "path": module, "version": version, "licence": "BSD-3-Clause"}
            found.setdefault(answer, {"messages": messages, "source": source})
    return list(found.values())


if __name__ == "__main__":
    lines = [json.dumps(record) + "\n" for record in records()]
    Path(sys.argv[1]).write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} records")
