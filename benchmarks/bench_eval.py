#!/usr/bin/env python3
"""Times the evaluation beside scipy and scikit-learn in the same run; see scripts/bench-eval.sh.

    python benchmarks/bench_eval.py [--pairs N] [--search-pairs N] [--model DIR --data DIR [--precision NAME]]

0 pairs leave a part out. Medians with their range; the report's cost is timed once.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
from scipy import stats
from sklearn import metrics

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"


ROUNDS = 9  # as in eval_bench.cc


def timed(body):
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result


def spread(values, unit):
    """Median and range."""
    return f"{statistics.median(values):.{unit}f} ({min(values):.{unit}f} … {max(values):.{unit}f})"


def sklearn_threshold(scores, labels):
    """The accuracy of the best cut, from scikit-learn's ROC curve."""
    false_share, true_share, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    positives = labels.sum()
    return float(((1 - false_share) * (len(labels) - positives) + true_share * positives).max() / len(labels))


def bench(*arguments):
    return json.loads(subprocess.run([BIN / "eval_bench", *map(str, arguments)], check=True, capture_output=True, text=True).stdout)


def measures(n):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, n).astype(np.uint8)
    scores = rng.standard_normal(n) * 0.15 + 0.5 + 0.2 * labels
    with tempfile.NamedTemporaryFile() as file:
        file.write(scores.tobytes() + labels.tobytes())
        file.flush()
        ours = bench("measures", file.name)
    theirs = []
    for _ in range(ROUNDS):
        seconds, rho = timed(lambda: float(stats.spearmanr(scores, labels).statistic))
        more, accuracy = timed(lambda: sklearn_threshold(scores, labels))
        theirs.append(1000 * (seconds + more))
    assert abs(rho - ours["spearman"]) < 1e-9 and abs(accuracy - ours["accuracy"]) < 1e-9
    own = [1000 * (a + b) for a, b in zip(ours["spearman_seconds"], ours["threshold_seconds"])]
    print(f"| Spearman and threshold of {n:,} pairs, ms | {spread(own, 0)} | scipy + scikit-learn {spread(theirs, 0)} | "
          f"{statistics.median(own) / statistics.median(theirs):.2f} | ≤ 0.33 |", flush=True)


def report_cost(model, data, precision):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([BIN / "senvec", "eval", "all", "--model", model, "--suite", ROOT / "eval/suites/zh-pairs.json", "--data", data, "--report", out,
                        "--precision", precision], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        report = json.loads((pathlib.Path(out) / "report.json").read_text())
    encoding = report["encoding"]["seconds"]
    print(f"| report of the Chinese five, {report['model']['name']}, {report['model']['precision']}, s | {report['seconds']:.1f} | encoding alone {encoding:.1f} | "
          f"{report['seconds'] / encoding:.3f} | ≤ 1.10 |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--search-pairs", type=int, default=1_000_000)
    parser.add_argument("--model")
    parser.add_argument("--data")
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    print("| what | ours | beside it | ours / its | bar |\n|---|---:|---:|---:|---:|")
    if options.pairs:
        measures(options.pairs)
        for dim in (384, 768):
            s = bench("statistics", 20000, dim)
            print(f"| whitening statistics, {dim} dimensions, one thread, GFLOP/s | {spread(s['gflops'], 1)} | dgemm {spread(s['gemm_gflops'], 1)} | "
                  f"{statistics.median(s['gflops']) / statistics.median(s['gemm_gflops']):.2f} | ≥ 0.70 |", flush=True)
    if options.search_pairs:
        s = bench("search", options.search_pairs, 384)
        print(f"| whitening search, {s['points']} points on {options.search_pairs:,} pairs of 384 dimensions, s | {s['seconds']:.0f} | – | – | minutes |", flush=True)
    if options.model and options.data:
        report_cost(options.model, options.data, options.precision)


if __name__ == "__main__":
    main()
