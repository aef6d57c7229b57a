#!/usr/bin/env python3
"""Writes eval/measures/testdata/*.json: inputs and what independent programs say of them.

Needs numpy, scipy, scikit-learn, sentence-transformers, ranx and pytrec_eval. Run from the project's root; the results are
committed.
"""
import json
import math
import pathlib
import sys
import types
import warnings

import numpy as np
import pytrec_eval
import ranx
import scipy
import sklearn
from scipy import optimize, stats
from sklearn import metrics

OUT = pathlib.Path("eval/measures/testdata")


def write(name, made_with, cases):
    path = OUT / f"{name}.json"
    out = {"made_with": made_with, "cases": cases}
    path.write_text(json.dumps(out, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")


def correlation_cases():
    rng = np.random.default_rng(20240229)
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
    # Long enough for the radix sort, with ties.
    x = np.round(rng.standard_normal(1500), 2)
    yield "rounded_1500", x, rng.integers(-3, 3, 1500) / 1.0


def correlation():
    cases = []
    for name, x, y in correlation_cases():
        cases.append({"name": name, "x": x.tolist(), "y": y.tolist(), "rank_x": stats.rankdata(x).tolist(),
                      "pearson": float(stats.pearsonr(x, y).statistic), "spearman": float(stats.spearmanr(x, y).statistic)})
    write("correlation", f"scipy {scipy.__version__}", cases)


def binary_cases():
    rng = np.random.default_rng(8860)
    for n in (2, 5, 20, 100, 400):
        labels = rng.integers(0, 2, n)
        labels[:2] = 0, 1
        yield f"normal_{n}", rng.standard_normal(n) + 0.8 * labels, labels
    labels = rng.integers(0, 2, 300)
    yield "ties", np.round(rng.uniform(size=300) + 0.3 * labels, 1), labels
    yield "all_equal", np.full(7, 0.25), np.array([1, 0, 1, 1, 0, 0, 0])
    yield "two_scores_tied", np.array([0.5, 0.5]), np.array([1, 0])
    yield "perfect", np.arange(10.0), (np.arange(10) > 6).astype(int)
    yield "reversed", np.arange(10.0), (np.arange(10) < 4).astype(int)
    yield "rare_positive", rng.uniform(size=200), (np.arange(200) == 17).astype(int)
    yield "only_positives", rng.uniform(size=9), np.ones(9, int)
    yield "only_negatives", rng.uniform(size=9), np.zeros(9, int)
    yield "one_positive_pair", np.array([0.3]), np.array([1])
    yield "neighbouring_doubles", np.array([0.7, np.nextafter(0.7, 1), 0.1, np.nextafter(0.1, 0)]), np.array([0, 1, 1, 0])


def best_of(scores, labels, measure):
    """By trying every cut, with scikit-learn's own measure."""
    cuts = np.append(np.unique(scores), np.inf)
    return max(float(measure(labels, (scores >= cut).astype(int))) for cut in cuts)


def best_recall(scores, labels, wanted):
    best = None
    for cut in np.unique(scores):
        accepted = (scores >= cut).astype(int)
        if metrics.precision_score(labels, accepted, zero_division=0) >= wanted and (accepted & labels).any():
            best = max(best or 0.0, float(metrics.recall_score(labels, accepted, zero_division=0)))
    return best


def sentence_transformers_best(scores, labels):
    from sentence_transformers.sentence_transformer.evaluation import BinaryClassificationEvaluator as E
    accuracy, threshold = E.find_best_acc_and_threshold(scores, labels, True)
    f1 = E.find_best_f1_and_threshold(scores, labels, True)[0]
    # Its answers count only where its threshold reaches them; see its issue about tied scores.
    reached = float(np.mean((scores >= threshold) == (labels == 1)))
    return {"accuracy": float(accuracy), "reached": reached, "f1": float(f1)}


def ece(probabilities, labels, bins):
    """As in Guo et al. 2017: bins (i/M, (i+1)/M]."""
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for i in range(bins):
        inside = (probabilities > edges[i]) & (probabilities <= edges[i + 1])
        if i == 0:
            inside |= probabilities == 0
        if inside.any():
            total += inside.mean() * abs(probabilities[inside].mean() - labels[inside].mean())
    return float(total)


def platt(scores, labels):
    positives, negatives = labels.sum(), len(labels) - labels.sum()
    target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(v):
        z = v[0] * scores + v[1]
        return np.sum(np.logaddexp(0, z) - target * z)

    def gradient(v):
        error = 1 / (1 + np.exp(-(v[0] * scores + v[1]))) - target
        return np.array([np.sum(error * scores), np.sum(error)])

    start = optimize.minimize(loss, [0.0, 0.0], jac=gradient, method="BFGS", options={"gtol": 1e-9}).x
    return optimize.root(gradient, start, tol=1e-14, method="hybr").x


def binary():
    cases = []
    for name, scores, labels in binary_cases():
        both = 0 < labels.sum() < len(labels)
        case = {"name": name, "scores": scores.tolist(), "labels": labels.tolist(),
                "accuracy": best_of(scores, labels, metrics.accuracy_score),
                "f1": best_of(scores, labels, lambda y, p: metrics.f1_score(y, p, zero_division=0)),
                "mcc": best_of(scores, labels, metrics.matthews_corrcoef),
                "recall_at_90": best_recall(scores, labels, 0.9),
                "roc_auc": float(metrics.roc_auc_score(labels, scores)) if both else None,
                "average_precision": float(metrics.average_precision_score(labels, scores)) if labels.any() else None}
        if both:
            case["sentence_transformers"] = sentence_transformers_best(scores, labels)
        cases.append(case)
    import sentence_transformers
    write("binary", f"scikit-learn {sklearn.__version__}, sentence-transformers {sentence_transformers.__version__}", cases)


def calibration():
    rng = np.random.default_rng(1999)
    cases = []
    for name, p, bins in (("uniform", rng.uniform(size=500), 15), ("few_bins", rng.uniform(size=50), 3), ("edges", np.arange(11) / 10, 10),
                          ("ends", np.array([0.0, 1.0, 0.0, 1.0]), 15), ("one", np.array([0.4]), 15), ("one_bin", rng.uniform(size=20), 1)):
        labels = (rng.uniform(size=len(p)) < p).astype(int)
        case = {"name": name, "probabilities": p.tolist(), "labels": labels.tolist(), "bins": bins, "ece": ece(p, labels, bins),
                "brier": float(np.mean((p - labels) ** 2))}
        cases.append(case)
    write("calibration", f"numpy {np.__version__}", cases)
    cases = []
    for name, n, gap in (("overlapping", 300, 1.0), ("strong", 200, 3.0), ("small", 6, 1.0), ("reversed", 100, -1.0)):
        labels = rng.integers(0, 2, n)
        labels[:2] = 0, 1
        scores = 0.5 + 0.1 * (rng.standard_normal(n) + gap * labels)
        slope, offset = platt(scores, labels)
        cases.append({"name": name, "scores": scores.tolist(), "labels": labels.tolist(), "slope": float(slope), "offset": float(offset)})
    write("platt", f"scipy {scipy.__version__}", cases)


def powell():
    """What bojone/CoSENT's accuracy scripts do: Powell's method over t with threshold tanh(t), from t = 1."""
    rng = np.random.default_rng(9341)
    cases = []
    for i in range(1000):
        n = int(rng.integers(2, 60))
        labels = rng.integers(0, 2, n)
        spread = rng.choice([0.02, 0.1, 0.3])
        scores = np.clip(rng.choice([0.3, 0.6, 0.8]) + spread * (rng.standard_normal(n) + rng.uniform(-1, 3) * labels), -1, 1)
        scores = np.round(scores, int(rng.integers(1, 4)))
        found = optimize.minimize(lambda t: -np.mean((labels > 0.5) == (scores > np.tanh(t))), 1, method="Powell")
        right = int(round(-float(found.fun) * n))
        cases.append({"name": str(i), "scores": [round(float(s) * 1000) for s in scores], "labels": "".join(map(str, labels)), "right": right})
    write("powell", f"scipy {scipy.__version__}; scores in thousandths; right = pairs that Powell's threshold decides rightly", cases)


def hubness():
    rng = np.random.default_rng(9147)
    cases = []
    for name, counts in (("poisson", rng.poisson(3, 500)), ("heavy", np.floor(rng.pareto(1.5, 400)).astype(int)), ("one_hub", np.eye(1, 50, 7, dtype=int)[0] * 90),
                         ("equal", np.full(20, 4)), ("single", np.array([5])), ("two", np.array([0, 3]))):
        mean = counts.mean()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            skew = float(stats.skew(counts))
        cases.append({"name": name, "counts": counts.tolist(), "skewness": None if math.isnan(skew) else skew,
                      "robin_hood": float(0.5 * np.abs(counts - mean).sum() / counts.sum()), "antihub_share": float((counts == 0).mean()),
                      "hub_share": float(counts[counts >= 2 * mean].sum() / counts.sum()),
                      "hubs": np.lexsort((np.arange(len(counts)), -counts))[:3].tolist()})
    write("hubness", f"scipy {scipy.__version__}, formulas of scikit-hubness", cases)


def retrieval_cases():
    rng = np.random.default_rng(2016)
    for name, documents, depth, judged, levels in (("binary", 60, 30, 4, 2), ("graded", 60, 60, 12, 4), ("short_run", 40, 3, 6, 3), ("one_document", 1, 1, 1, 2)):
        qrels, run = {}, {}
        for q in range(12 if documents > 1 else 1):
            chosen = rng.permutation(documents)[:judged]
            qrels[f"q{q}"] = {f"d{d}": int(rng.integers(0, levels)) for d in chosen}
            if max(qrels[f"q{q}"].values()) == 0:
                qrels[f"q{q}"][f"d{chosen[0]}"] = 1
            order = rng.permutation(documents)[:depth]
            run[f"q{q}"] = {f"d{d}": float(depth - i) for i, d in enumerate(order)}
        yield name, qrels, run
    yield "nothing_found", {"q0": {"d0": 1}}, {"q0": {"d1": 2.0, "d2": 1.0}}
    yield "absent_document", {"q0": {"d0": 1, "gone": 1}}, {"q0": {"d1": 2.0, "d0": 1.0}}


def retrieval():
    cases = []
    for name, qrels, run in retrieval_cases():
        for k in (1, 3, 10, 100):
            names = {f"ndcg_cut.{k}", f"map_cut.{k}", f"recall.{k}"}
            trec = list(pytrec_eval.RelevanceEvaluator(qrels, names).evaluate(run).values())
            other = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), [f"mrr@{k}", f"hit_rate@{k}", f"recall@{k}", f"ndcg@{k}"])
            queries = []
            for q, judged in qrels.items():
                order = sorted(run[q], key=lambda d: -run[q][d])
                queries.append({"hits": [judged.get(d, 0) for d in order], "relevant": [r for r in judged.values() if r > 0]})
            cases.append({"name": f"{name}_{k}", "k": k, "queries": queries,
                          "ndcg": float(np.mean([t[f"ndcg_cut_{k}"] for t in trec])), "map": float(np.mean([t[f"map_cut_{k}"] for t in trec])),
                          "recall": float(np.mean([t[f"recall_{k}"] for t in trec])), "mrr": float(other[f"mrr@{k}"]), "hit": float(other[f"hit_rate@{k}"]),
                          "ranx_recall": float(other[f"recall@{k}"]), "ranx_ndcg": float(other[f"ndcg@{k}"])})
    write("retrieval", f"pytrec_eval, ranx {getattr(ranx, '__version__', '')}".strip(), cases)


def exact_unit_vectors(rng, n, dim=24, unit=16):
    """Vectors whose length is 1 and whose products are exact in fp32: whole numbers over `unit`."""
    rows = []
    while len(rows) < n:
        row = rng.integers(-6, 7, dim)
        left = unit**2 - int((row[:-4] ** 2).sum())
        # Four squares make up any number that is left (Lagrange).
        for a, b, c in ((a, b, c) for a in range(16, -1, -1) for b in range(16, -1, -1) for c in range(16, -1, -1)):
            rest = left - a * a - b * b - c * c
            if rest >= 0 and math.isqrt(rest) ** 2 == rest:
                row[-4:] = a, b, c, math.isqrt(rest)
                rows.append(row / unit)
                break
    return np.array(rows)


class Lookup:
    """What sentence-transformers' evaluators need of a model: texts are row numbers."""

    def __init__(self, rows):
        from sentence_transformers.util import cos_sim
        self.rows, self.similarity_fn_name, self.similarity = rows, "cosine", cos_sim
        self.model_card_data = types.SimpleNamespace(set_evaluation_metrics=lambda *_: None)

    def encode(self, texts, convert_to_tensor=False, **_):
        import torch
        rows = self.rows[[int(text) for text in texts]]
        return torch.tensor(rows) if convert_to_tensor else rows

    encode_query = encode_document = encode


def evaluators():
    import sentence_transformers
    from sentence_transformers.sentence_transformer import evaluation
    rng = np.random.default_rng(2019)
    cases = []
    for name, n in (("random", 120), ("few_vectors", 12)):
        rows = exact_unit_vectors(rng, n)
        model = Lookup(rows)
        pairs = [[int(a), int(b)] for a, b in rng.integers(0, n, (200, 2))]
        cosines = np.array([rows[a] @ rows[b] for a, b in pairs])
        graded = np.round(2.5 + 3 * cosines + rng.standard_normal(200), 1)
        binary = (graded > 3).astype(int)
        first, second = [str(a) for a, _ in pairs], [str(b) for _, b in pairs]
        sts = evaluation.EmbeddingSimilarityEvaluator(first, second, graded.tolist(), main_similarity="cosine")(model)
        classes = evaluation.BinaryClassificationEvaluator(first, second, binary.tolist(), similarity_fn_names=["cosine"])(model)
        # Its answers are those of cuts that it could not make where scores are tied, so that the best that can be made counts.
        reached = best_of(cosines, binary, metrics.accuracy_score), best_of(cosines, binary, lambda y, p: metrics.f1_score(y, p, zero_division=0))
        documents, queries = list(range(n // 2)), list(range(n // 2, n))
        relevant = {str(q): {str(d) for d in rng.permutation(documents)[:1 + q % 4]} for q in queries}
        # Ties are broken by the name there and by the place here: names in the order of places.
        ids = {str(d): f"{d:03d}" for d in documents}
        found = evaluation.InformationRetrievalEvaluator(
            {str(q): str(q) for q in queries}, {ids[str(d)]: str(d) for d in documents}, {q: {ids[d] for d in r} for q, r in relevant.items()},
            mrr_at_k=[10], ndcg_at_k=[10], accuracy_at_k=[1, 10], precision_recall_at_k=[10, 100], map_at_k=[100])(model)
        pick = lambda results, end: next(float(v) for k, v in results.items() if k.endswith(end))
        cases.append({"name": name, "dim": rows.shape[1], "rows": (rows * 16).astype(int).ravel().tolist(), "pairs": pairs, "graded": graded.tolist(),
                      "binary": binary.tolist(), "spearman": pick(sts, "spearman_cosine"), "pearson": pick(sts, "pearson_cosine"),
                      "average_precision": pick(classes, "cosine_ap"), "their_accuracy": pick(classes, "cosine_accuracy"), "their_f1": pick(classes, "cosine_f1"),
                      "accuracy": reached[0], "f1": reached[1], "relevant": {q: sorted(map(int, r)) for q, r in relevant.items()},
                      "hit_1": pick(found, "accuracy@1"), "hit_10": pick(found, "accuracy@10"), "recall_10": pick(found, "recall@10"),
                      "recall_100": pick(found, "recall@100"), "mrr_10": pick(found, "mrr@10"), "ndcg_10": pick(found, "ndcg@10"), "map_100": pick(found, "map@100")})
    write("evaluators", f"sentence-transformers {sentence_transformers.__version__}; rows in sixteenths", cases)


def unreachable(rows, k):
    """Whether w_k is a convex combination of the others, by linear programming."""
    others = np.delete(rows, k, 0)
    a = np.vstack([others.T, np.ones(len(others))])
    b = np.append(rows[k], 1)
    return optimize.linprog(np.zeros(len(others)), A_eq=a, b_eq=b, bounds=(0, None), method="highs").status == 0


def geometry():
    rng = np.random.default_rng(9046)
    cases = []
    for name, n, d in (("plane", 40, 2), ("space", 60, 3), ("many_dimensions", 30, 16), ("two", 2, 3)):
        rows = rng.standard_normal((n, d)).astype(np.float32)
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        unit = unit.astype(np.float32).astype(np.float64)
        pairs = [(int(a), int(b)) for a, b in rng.integers(0, n, (10, 2))]
        square = ((unit[:, None] - unit[None]) ** 2).sum(-1)
        upper = np.triu_indices(n, 1)
        values = np.linalg.eigvalsh(np.cov(unit.T, bias=True))[::-1]
        p = np.maximum(values, 0) / np.maximum(values, 0).sum()
        cosines = (unit @ unit.T)[upper]
        cases.append({"name": name, "dim": d, "rows": rows.ravel().tolist(), "unit": unit.ravel().tolist(), "pairs": pairs,
                      "alignment": float(np.mean([square[a, b] for a, b in pairs])), "uniformity": float(np.log(np.exp(-2 * square[upper]).mean())),
                      "mean_cosine": float(cosines.mean()), "eigenvalues": values.tolist(), "participation": float(1 / (p**2).sum()),
                      "entropy": float(np.exp(stats.entropy(p))), "isotropy": float(p.mean() / p.max()),
                      "unreachable": [k for k in range(n) if unreachable(rows.astype(np.float64), k)]})
    write("geometry", f"numpy {np.__version__}, scipy {scipy.__version__}", cases)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    correlation()
    binary()
    calibration()
    powell()
    hubness()
    geometry()
    retrieval()
    evaluators()


if __name__ == "__main__":
    sys.exit(main())
