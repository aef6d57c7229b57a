#!/usr/bin/env python3
"""Writes scoring/testdata/{can,classifier}.json: small inputs, and what numpy and scikit-learn make of them.

    pip install numpy scikit-learn
    python3 scripts/make_scoring_vectors.py

CAN is written out as kexue.fm 8728 prints it, row by row with the whole matrix; the classifier is scikit-learn's
LinearDiscriminantAnalysis with solver "lsqr", which solves the same equations (8578) with LAPACK.
"""
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

OUT = pathlib.Path(__file__).resolve().parent.parent / "scoring" / "testdata"


def uncertainty(p, k):
    top = np.sort(p)[::-1][:min(k, len(p))]
    if len(top) < 2:
        return 0.0
    top = top / top.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(-np.nansum(top * np.log(top)) / np.log(len(top)))


def can(p, prior, top_k, threshold, alpha, iterations):
    prior = prior / prior.sum()
    gates = np.array([uncertainty(row, top_k) for row in p])
    sure = p[gates < threshold]
    if len(sure) == 0:
        sure = np.eye(p.shape[1])
    out = p.copy()
    for i in np.nonzero(gates >= threshold)[0]:
        y = np.vstack([sure, p[i]])
        for _ in range(iterations):
            y = y ** alpha
            y = y / y.mean(axis=0, keepdims=True)
            y = y * prior
            y = y / y.sum(axis=1, keepdims=True)
        out[i] = y[-1]
    return out, gates


def can_cases(rng):
    for classes, rows in ((1, 2), (2, 6), (3, 10), (5, 12), (12, 8), (40, 6)):
        for alpha, iterations in ((1.0, 1), (1.0, 3), (0.5, 2), (2.0, 1)):
            logits = rng.normal(size=(rows, classes)) * rng.uniform(0.2, 4, size=(rows, 1))
            p = np.exp(logits - logits.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            prior = rng.dirichlet(np.ones(classes)) * (1 if alpha != 2 else 17)
            yield f"{classes}_classes_alpha_{alpha}_times_{iterations}", p, prior, 3, 0.9, alpha, iterations
    p = rng.dirichlet(np.full(4, 50.0), size=8)
    yield "no_sure_row", p, np.ones(4), 3, 0.5, 1.0, 1
    yield "no_sure_row_twice", p, np.ones(4), 3, 0.5, 1.0, 2
    yield "all_sure", p, np.ones(4), 2, 1.0, 1.0, 1


def classifier_cases(rng):
    for name, dim, counts, shrinkage, uniform in (
            ("two_classes", 3, (10, 14), 0.0, False), ("five_classes", 8, (30, 20, 25, 8, 17), 0.0, False),
            ("shrunk", 8, (30, 20, 25, 8, 17), 0.2, False), ("uniform_prior", 8, (30, 20, 25, 8, 17), 0.1, True),
            ("more_dimensions_than_rows", 20, (3, 4, 5), 0.3, False), ("one_member", 4, (1, 12, 1, 9), 0.05, False)):
        centres = rng.normal(size=(len(counts), dim))
        labels = np.repeat(np.arange(len(counts)), counts)
        order = rng.permutation(len(labels))
        mix = rng.normal(size=(dim, dim)) * 0.5
        x = (centres[labels] + rng.normal(size=(len(labels), dim)) @ mix)[order].astype(np.float32).astype(np.float64)
        labels = labels[order]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage or None).fit(x, labels)
        if uniform:  # of the labels alone: given priors would also weigh their covariances
            model.intercept_ -= np.log(model.priors_)
        queries = (centres[rng.integers(len(counts), size=12)] + rng.normal(size=(12, dim))).astype(np.float32)
        p = model.predict_proba(queries.astype(np.float64))
        yield {"name": name, "dim": dim, "rows": x.ravel().tolist(), "labels": labels.tolist(), "shrinkage": shrinkage,
               "uniform_prior": uniform, "queries": queries.ravel().tolist(), "probabilities": p.ravel().tolist()}


def write(name, cases, made_with):
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"made_with": made_with, "cases": cases}, separators=(",", ":"))
    (OUT / name).write_text(text.replace('{"name"', '\n{"name"') + "\n")
    print(name, len(cases), "cases", len(text), "bytes")


def main():
    rng = np.random.default_rng(8728)
    cases = []
    for name, p, prior, top_k, threshold, alpha, iterations in can_cases(rng):
        p = np.round(p, 6)
        p[:, 0] += 1 - p.sum(axis=1)
        out, gates = can(p, prior, top_k, threshold, alpha, iterations)
        cases.append({"name": name, "top_k": top_k, "threshold": threshold, "alpha": alpha, "iterations": iterations,
                      "prior": prior.tolist(), "p": p.ravel().tolist(), "out": out.ravel().tolist(),
                      "uncertainty": gates.tolist(), "corrected": (gates >= threshold).tolist()})
    write("can.json", cases, f"numpy {np.__version__}")
    write("classifier.json", list(classifier_cases(rng)), f"scikit-learn {sklearn.__version__}")


if __name__ == "__main__":
    main()
