#!/usr/bin/env bash
# The engine on an NVIDIA GPU: compiles every kernel, compares it with the reference, and times the whole, in
# under nine minutes. One line of JSON for each figure, the device's name in the first.
#
#   oracle-gpu/engine/bench/gpu.sh [kernels|switch|decode|memory|peer …]
#
# Needs the engine's requirements with PyTorch's CUDA build, which brings Triton. BENCH_SMALL=1 runs the same
# code on a CPU, with a tiny model and the kernels in Triton's interpreter: its figures mean nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD" PYTHONUNBUFFERED=1
if [ "${BENCH_SMALL:-}" = 1 ]; then export TRITON_INTERPRET=1; fi
exec "${PYTHON:-python3}" -m bench.gpu.main "$@"
