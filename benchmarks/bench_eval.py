#!/usr/bin/env python3
"""Times the evaluation beside scipy and scikit-learn in the same run; see scripts/bench-eval.sh.

    python benchmarks/bench_eval.py [--pairs N] [--search-pairs N] [--model DIR --data DIR]
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
from scipy import stats
from sklearn import metrics

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"


def best_of(body, times=3):
    seconds, result = [], None
    for _ in range(times):
        start = time.perf_counter()
        result = body()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


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
    scipy_seconds, rho = best_of(lambda: float(stats.spearmanr(scores, labels).statistic))
    sklearn_seconds, accuracy = best_of(lambda: sklearn_threshold(scores, labels))
    assert abs(rho - ours["spearman"]) < 1e-9 and abs(accuracy - ours["accuracy"]) < 1e-9
    own, theirs = ours["spearman_seconds"] + ours["threshold_seconds"], scipy_seconds + sklearn_seconds
    print(f"| Spearman and threshold of {n:,} pairs | {own * 1000:.0f} ms ({ours['spearman_seconds'] * 1000:.0f} + {ours['threshold_seconds'] * 1000:.0f}) | "
          f"scipy + scikit-learn {theirs * 1000:.0f} ms ({scipy_seconds * 1000:.0f} + {sklearn_seconds * 1000:.0f}) | {own / theirs:.2f} |")


def report_cost(model, data):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([BIN / "senvec", "eval", "all", "--model", model, "--suite", ROOT / "eval/suites/zh-pairs.json", "--data", data, "--report", out],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        report = json.loads((pathlib.Path(out) / "report.json").read_text())
    encoding = report["encoding"]["seconds"]
    print(f"| report of the Chinese five, {report['model']['name']} | {report['seconds']:.1f} s | encoding alone {encoding:.1f} s | {report['seconds'] / encoding:.3f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--search-pairs", type=int, default=1_000_000)
    parser.add_argument("--model")
    parser.add_argument("--data")
    options = parser.parse_args()
    print("| what | ours | beside it | ours / its |\n|---|---:|---:|---:|")
    measures(options.pairs)
    for dim in (384, 768):
        s = bench("statistics", 20000, dim)
        print(f"| whitening statistics, {dim} dimensions, one thread | {s['gflops']:.1f} GFLOP/s | dgemm {s['gemm_gflops']:.1f} GFLOP/s | {s['gflops'] / s['gemm_gflops']:.2f} |")
    if options.search_pairs:
        s = bench("search", options.search_pairs, 384)
        print(f"| whitening search, {s['points']} points on {options.search_pairs:,} pairs of 384 dimensions | {s['seconds']:.0f} s | – | – |")
    if options.model and options.data:
        report_cost(options.model, options.data)


if __name__ == "__main__":
    main()
