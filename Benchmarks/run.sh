#!/bin/bash
# Prepares what the benchmarks need (the peer's Python packages), then runs them; see README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
Scripts/python-environment.sh .build/bench-venv Scripts/packages/python-bench.txt
exec .build/bench-venv/bin/python -B Benchmarks/run.py "$@"
