#!/usr/bin/env python3
"""Writes eval/testdata/correlation.json: inputs and what scipy.stats says of them.

Needs numpy and scipy. Run from the project's root; the result is committed.
"""
import json
import pathlib
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20240229)


def cases():
    for n in (2, 3, 10, 100, 500):
        x = rng.standard_normal(n)
        yield f"normal_{n}", x, 0.5 * x + rng.standard_normal(n)
    yield "ties_in_both", rng.integers(0, 6, 300) / 1.0, rng.integers(0, 4, 300) / 1.0
    yield "ties_in_one", rng.integers(0, 26, 200) / 5.0, rng.uniform(-1, 1, 200)
    yield "two_values", np.array([0.0] * 30 + [1.0]), np.arange(31.0)
    ladder = np.arange(50.0)
    yield "increasing", ladder, np.exp(ladder / 10)
    yield "decreasing", ladder, -(ladder**3)
    yield "exactly_linear", ladder, 3 * ladder - 7
    yield "huge", rng.standard_normal(40) * 1e150, rng.standard_normal(40) * 1e150
    yield "tiny", rng.standard_normal(40) * 1e-150, rng.standard_normal(40) * 1e-150
    # Cosines of a good model: little spread around a large mean.
    yield "narrow", 0.8 + 1e-3 * rng.standard_normal(200), rng.integers(0, 6, 200) / 1.0
    yield "signed_zeros", np.array([0.0, -0.0, 1.0, -1.0, 0.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    yield "uncorrelated", rng.uniform(size=300), rng.uniform(size=300)


def main():
    out = {"made_with": f"scipy {scipy.__version__}", "cases": []}
    for name, x, y in cases():
        out["cases"].append({
            "name": name,
            "x": x.tolist(),
            "y": y.tolist(),
            "rank_x": stats.rankdata(x).tolist(),
            "pearson": float(stats.pearsonr(x, y).statistic),
            "spearman": float(stats.spearmanr(x, y).statistic),
        })
    path = pathlib.Path("eval/testdata/correlation.json")
    path.write_text(json.dumps(out, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(f"{path}: {len(out['cases'])} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())
