#!/usr/bin/env python3
"""Makes encoder/whitening/testdata/whitening.json: small data and what numpy computes from it in fp64.

    pip install numpy
    python3 scripts/make_whitening_vectors.py

The formulas are those of kexue.fm 8069 and 9079: x~ = (x - beta mu) U L^(-gamma/2), covariance with 1/N about beta mu.
"""
import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "encoder" / "whitening" / "testdata" / "whitening.json"


def whiten(x, k, beta, gamma):
    mean = x.mean(axis=0)
    shifted = x - beta * mean
    u, values, _ = np.linalg.svd(shifted.T @ shifted / len(x))
    y = shifted @ (u * values ** (-gamma / 2))[:, :k]
    return y @ y.T, values


def main():
    rng = np.random.default_rng(5)
    x = (rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)).astype(np.float32).astype(np.float64)
    cases = []
    for k, beta, gamma in ((6, 1.0, 1.0), (3, 1.0, 1.0), (4, 0.5, 1.0), (6, 0.0, 0.3), (2, 1.0, 0.0)):
        # Signs of eigenvectors are free: what is compared are inner products of the results.
        gram, values = whiten(x, k, beta, gamma)
        cases.append({"k": k, "beta": beta, "gamma": gamma, "gram": gram[:8, :8].tolist(), "eigenvalues": values.tolist()})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": x.tolist(), "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
