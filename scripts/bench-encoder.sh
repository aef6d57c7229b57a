#!/usr/bin/env bash
# Measures the encoder beside its peers: scripts/bench-encoder.sh --data DATA [options of benchmarks/bench_encoder.py]
#
# Installs onnxruntime, OpenVINO, CTranslate2 and torch into an environment of their own (.venv/peers), fetches the two
# models, builds what is timed, and prints tables; --write docs/numbers.md puts them there. Wants a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  ""|-h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; [ -n "${1:-}" ] && exit 0 || exit 2 ;;
esac
python=${SENVEC_PEERS_PYTHON:-.venv/peers/bin/python}
if [ ! -x "$python" ]; then
  /usr/bin/python3 -m venv .venv/peers
  .venv/peers/bin/pip install --quiet --disable-pip-version-check torch transformers onnx onnxruntime openvino \
    ctranslate2 numpy matplotlib
fi
[ -e /usr/include/x86_64-linux-gnu/oneapi/dnnl/dnnl.h ] || [ -e /usr/include/oneapi/dnnl/dnnl.h ] ||
  { echo "bench-encoder: install libdnnl-dev first: oneDNN is what our products are measured against" >&2; exit 1; }
scripts/get-model.sh all-MiniLM-L6-v2
scripts/get-model.sh multilingual-e5-small
scripts/build.sh release encoder_worker
exec "$python" benchmarks/bench_encoder.py "$@"
