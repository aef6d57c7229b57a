#!/usr/bin/env python3
"""Writes train/loss/testdata/losses.json: inputs and what each loss gives for them, in fp64 by numpy and scipy.

Needs numpy and scipy. The formulas are those of the posts, written out, with no regard for speed.
"""
import json
import pathlib

import numpy as np
from scipy import integrate, stats

rng = np.random.default_rng(7)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def cosent(scores, labels, scale):
    total = 1.0
    for p in range(len(scores)):
        for q in range(len(scores)):
            if labels[p] > labels[q]:
                total += np.exp(scale * (scores[q] - scores[p]))
    return np.log(total)


def one_way(a, candidates, same, scale, flat):
    scores = scale * unit(a) @ unit(candidates).T
    loss = 0.0
    for i, row in enumerate(scores):
        others = [row[j] for j in range(len(row)) if j != i and not same[i][j]]
        kept = others if flat else others + [row[i]]
        loss += np.log(sum(np.exp(x - row[i]) for x in kept))
    return loss / len(scores)


def am_softmax(z, classes, targets, scale, margin):
    cos = unit(z) @ unit(classes).T
    loss = 0.0
    for row, t in zip(cos, targets):
        loss += np.log(1 + sum(np.exp(scale * (c + margin - row[t])) for i, c in enumerate(row) if i != t))
    return loss / len(z)


def exact(logits, targets):
    loss = 0.0
    for row, t in zip(logits, targets):
        others = [z for i, z in enumerate(row) if i != t]

        def density(x, own=row[t], others=others):
            return stats.norm.pdf(x) * np.prod([stats.norm.cdf(x + own - z) for z in others])

        loss += 1 - integrate.quad(density, -10, 10, epsabs=1e-13, epsrel=1e-13)[0]
    return loss / len(logits)


def cross_entropy(logits, targets):
    return float(np.mean([np.log(np.exp(row - row[t]).sum()) for row, t in zip(logits, targets)]))


def distill(students, teachers, weight):
    own = unit(students)
    difference = own @ own.T - teachers @ teachers.T
    return 1 - (own * teachers).sum(1).mean() + weight * (difference ** 2).mean()


n, m, dim, num_classes = 9, 4, 6, 5
a, b, negatives = rng.normal(size=(n, dim)), rng.normal(size=(n, dim)), rng.normal(size=(m, dim))
classes, logits = rng.normal(size=(num_classes, dim)), rng.normal(size=(n, num_classes)) * 2
targets = rng.integers(0, num_classes, n)
binary, graded = rng.integers(0, 2, n), rng.integers(0, 6, n) / 2
same = rng.random((n, n + m)) < 0.1
same_back = rng.random((n, n)) < 0.1
scores = (unit(a) * unit(b)).sum(1)
mean = rng.normal(size=dim)
teachers = unit(b - 0.9 * mean)

candidates = np.vstack([b, negatives])
cases = {
    "cosent_binary": cosent(scores, binary, 20.0),
    "cosent_graded": cosent(scores, graded, 20.0),
    "cosine": float(((scores - binary) ** 2).mean()),
    "contrastive": one_way(a, candidates, same, 20.0, False),
    "contrastive_both_ways": (one_way(a, candidates, same, 20.0, False) + one_way(b, a, same_back, 20.0, False)) / 2,
    "flatnce": one_way(a, candidates, same, 20.0, True),
    "flatnce_both_ways": (one_way(a, candidates, same, 20.0, True) + one_way(b, a, same_back, 20.0, True)) / 2,
    "cross_entropy": cross_entropy(logits, targets),
    "exact": exact(logits, targets),
    "am_softmax": am_softmax(a, classes, targets, 30.0, 0.35),
    "softmax": am_softmax(a, classes, targets, 30.0, 0.0),
    "adaptive_margin": float(2 * (1 - (unit(a) * unit(classes)[targets]).sum(1)).mean()),
    "distill": distill(a, teachers, 10.0),
}
data = {
    "a": a, "b": b, "negatives": negatives, "classes": classes, "logits": logits, "targets": targets,
    "binary": binary, "graded": graded, "same": same.astype(int), "same_back": same_back.astype(int),
    "mean": mean, "teachers": teachers,
}
out = pathlib.Path(__file__).parent.parent / "train/loss/testdata/losses.json"
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps({"inputs": {k: np.asarray(v).tolist() for k, v in data.items()}, "losses": cases}) + "\n")
