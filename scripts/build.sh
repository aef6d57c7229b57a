#!/usr/bin/env bash
# Builds a preset: scripts/build.sh [PRESET [TARGET]], by default release and everything; leaves the program at
# build/PRESET/bin/senvec. JOBS sets how many compilers run at once.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
cmake --preset "$preset" >/dev/null
cmake --build "build/$preset" -j "${JOBS:-$(nproc)}" ${2:+--target "$2"}
