#!/usr/bin/env bash
# Measures the vector index beside its peers: scripts/bench-index.sh --data DATA [options of benchmarks/bench_index.py]
#
# Installs hnswlib, usearch and faiss-cpu into an environment of their own (.venv/index-peers), fetches the model, builds
# what is timed, and prints tables; --write docs/numbers.md puts them there. Wants a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  ""|-h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; [ -n "${1:-}" ] && exit 0 || exit 2 ;;
esac
python=${SENVEC_INDEX_PEERS_PYTHON:-.venv/index-peers/bin/python}
if [ ! -x "$python" ]; then
  /usr/bin/python3 -m venv .venv/index-peers
  .venv/index-peers/bin/pip install --quiet --disable-pip-version-check hnswlib usearch faiss-cpu numpy
fi
scripts/get-model.sh all-MiniLM-L6-v2
scripts/build.sh release senvec
scripts/build.sh release index_worker
exec "$python" benchmarks/bench_index.py "$@"
