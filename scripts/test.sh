#!/usr/bin/env bash
# Installs what the tests need, builds, runs all tests. Everything that CI runs.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh release
ctest --test-dir build/release --output-on-failure -j "${JOBS:-$(nproc)}"
