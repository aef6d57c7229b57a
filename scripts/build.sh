#!/usr/bin/env bash
# Builds a preset (default: release); leaves the program at build/PRESET/bin/senvec.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
jobs=${JOBS:-$(nproc)}
cmake --preset "$preset" >/dev/null
cmake --build "build/$preset" -j "$jobs"
