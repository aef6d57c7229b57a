#!/usr/bin/env bash
# Measures the evaluation: scripts/bench-eval.sh [options of benchmarks/bench_eval.py]
#
# Times Spearman and threshold beside scipy and scikit-learn, whitening statistics beside the products of the same BLAS, the whitening
# search, and with --model DIR --data DIR a report of the Chinese five beside the encoding alone. Prints a table. Wants a quiet machine,
# and a Python with numpy, scipy and scikit-learn (SENVEC_PEERS_PYTHON, else .venv/peers, made on the first call).
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
python=${SENVEC_PEERS_PYTHON:-.venv/peers/bin/python}
if [ ! -x "$python" ]; then
  /usr/bin/python3 -m venv .venv/peers
fi
"$python" -c "import scipy, sklearn" 2>/dev/null || "$python" -m pip install --quiet --disable-pip-version-check numpy scipy scikit-learn
[ -n "${SENVEC_NO_BUILD:-}" ] || { scripts/build.sh release eval_bench; scripts/build.sh release senvec; }
exec "$python" benchmarks/bench_eval.py "$@"
