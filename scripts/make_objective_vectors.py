#!/usr/bin/env python3
"""Writes train/testdata/objectives.json: what the losses with heads, and those of tokens, give in fp64 by numpy and scipy.

    python3 scripts/make_objective_vectors.py

Needs numpy and scipy. Heads stand on random vectors; the masked language model and the sequence-to-sequence loss go through
the tiny BERT of encoder/arch/testdata, written out here a sequence at a time, with UniLM's mask as a matrix.
"""
import json
import pathlib

import numpy as np
from scipy import special

ROOT = pathlib.Path(__file__).resolve().parent.parent
BERT = ROOT / "encoder/arch/testdata/bert"
DIM, HEADS, CLASSES, ROWS = 24, 3, 3, 9
WORDS = ("[PAD] [UNK] [CLS] [SEP] [MASK] reset ##ting how do i my password parcel where is ? .").split()
# What train/objective_test.cc trains on.
PAIRS = [("how do i reset my password ?", "where is my password"), ("where is my parcel", "my parcel is where ?"),
         ("do i reset", "reset my parcel . how ?"), ("is", "how")]
rng = np.random.default_rng(11)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def minus_log_softmax(row, target):
    return special.logsumexp(row) - row[target]


def cross_entropy(logits, targets):
    return float(np.mean([minus_log_softmax(row, t) for row, t in zip(logits, targets)]))


def cosent(scores, labels, scale):
    terms = [scale * (q - p) for p, lp in zip(scores, labels) for q, lq in zip(scores, labels) if lp > lq]
    return float(np.log(1 + np.sum(np.exp(terms))))


def simcse(first, second, texts, scale):
    """Each text's other pass among those of all texts, equal texts left out."""
    cosines = scale * unit(first) @ unit(second).T
    loss = [minus_log_softmax(np.array([cosines[i, i]] + [cosines[i, j] for j in range(len(texts)) if texts[j] != texts[i]]), 0)
            for i in range(len(texts))]
    return float(np.mean(loss))


def checkpoint():
    data = (BERT / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return tensors


WEIGHTS = checkpoint()


def linear(x, name):
    return x @ WEIGHTS[name + ".weight"].T + WEIGHTS[name + ".bias"]


def normalized(x, weight, bias):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12) * weight + bias


def norm(x, name):
    return normalized(x, WEIGHTS[name + ".weight"], WEIGHTS[name + ".bias"])


def gelu(x):
    return 0.5 * x * (1 + special.erf(x / np.sqrt(2)))


def bert(ids, types, seen):
    """seen[i][j]: whether place i looks at place j."""
    x = (WEIGHTS["embeddings.word_embeddings.weight"][ids] + WEIGHTS["embeddings.token_type_embeddings.weight"][types]
         + WEIGHTS["embeddings.position_embeddings.weight"][:len(ids)])
    x = norm(x, "embeddings.LayerNorm")
    for i in range(2):
        layer = f"encoder.layer.{i}."
        q, k, v = (linear(x, layer + f"attention.self.{part}") for part in ("query", "key", "value"))
        mixed = []
        for h in range(HEADS):
            columns = slice(h * DIM // HEADS, (h + 1) * DIM // HEADS)
            scores = np.where(seen, q[:, columns] @ k[:, columns].T / np.sqrt(DIM // HEADS), -np.inf)
            mixed.append(special.softmax(scores, axis=1) @ v[:, columns])
        x = norm(x + linear(np.hstack(mixed), layer + "attention.output.dense"), layer + "attention.output.LayerNorm")
        inner = gelu(linear(x, layer + "intermediate.dense"))
        x = norm(x + linear(inner, layer + "output.dense"), layer + "output.LayerNorm")
    return x


def tokens_loss(sequences, head, unilm):
    losses = []
    for ids, types, targets in sequences:
        n = len(ids)
        seen = np.ones((n, n), bool)
        if unilm:  # the source sees itself; the target sees the source and what was said before
            seen = np.array([[types[j] == 0 or (types[i] == 1 and j <= i) for j in range(n)] for i in range(n)])
        turned = gelu(bert(ids, types, seen) @ head["dense.weight"].T + head["dense.bias"])
        turned = normalized(turned, head["norm.weight"], head["norm.bias"])
        logits = turned @ WEIGHTS["embeddings.word_embeddings.weight"].T + head["bias"]
        losses += [minus_log_softmax(logits[i], t) for i, t in enumerate(targets) if t >= 0]
    return float(np.mean(losses))


def to_ids(text):
    return [WORDS.index(word) for word in text.split()]


def seq2seq_sequences():
    """[CLS] a [SEP] b [SEP]: each place from the first [SEP] on says what comes after it."""
    for a, b in PAIRS:
        source, target = [2, *to_ids(a), 3], [*to_ids(b), 3]
        ids = source + target
        yield ids, [0] * len(source) + [1] * len(target), [-1] * (len(source) - 1) + target + [-1]


def mlm_sequences():
    for number, (a, _) in enumerate(PAIRS):
        ids = [2, *to_ids(a), 3]
        targets = [-1] * len(ids)
        for place, instead in ((1, 4), (len(ids) - 2, (4, 9, ids[-2], 12)[number])):  # [MASK], another, itself
            targets[place] = ids[place] if targets[place] < 0 else targets[place]
            ids[place] = instead
        yield ids, [0] * len(ids), targets


labels, graded = rng.integers(0, CLASSES, ROWS), rng.integers(0, 3, ROWS)
pairs, single = rng.normal(size=(2 * ROWS, DIM)), rng.normal(size=(ROWS, DIM))
u, v = pairs[0::2], pairs[1::2]
texts = [0, 1, 2, 3, 1, 4, 5, 6, 7]  # one stands twice
sbert = {"weight": rng.normal(size=(CLASSES, 3 * DIM)) / 4, "bias": rng.normal(size=CLASSES)}
cross = {"weight": rng.normal(size=(CLASSES, DIM)) / 4, "bias": rng.normal(size=CLASSES)}
score = {"weight": rng.normal(size=(1, DIM)) / 20, "bias": rng.normal(size=1)}
head = {"dense.weight": rng.normal(size=(DIM, DIM)) / 4, "dense.bias": rng.normal(size=DIM),
        "norm.weight": 1 + rng.normal(size=DIM) / 4, "norm.bias": rng.normal(size=DIM), "bias": rng.normal(size=40)}
features = np.hstack([u, v, np.abs(u - v)])
mlm, seq2seq = list(mlm_sequences()), list(seq2seq_sequences())


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return np.asarray(value).tolist()


def flat(sequences):
    return {"ids": [i for s in sequences for i in s[0]], "type_ids": [t for s in sequences for t in s[1]],
            "targets": [t for s in sequences for t in s[2]], "lengths": [len(s[0]) for s in sequences]}


result = {
    "sbert": {"vectors": pairs, "labels": labels, "head": sbert,
              "loss": cross_entropy(features @ sbert["weight"].T + sbert["bias"], labels)},
    "cross_entropy": {"vectors": single, "labels": labels, "head": cross,
                      "loss": cross_entropy(single @ cross["weight"].T + cross["bias"], labels)},
    "softmax": {"vectors": single, "labels": labels, "head": cross,
                "loss": cross_entropy(single @ cross["weight"].T + cross["bias"], labels)},
    "cross_cosent": {"vectors": single, "labels": graded, "head": score,
                     "loss": cosent((single @ score["weight"].T + score["bias"])[:, 0], graded, 20.0)},
    "simcse": {"vectors": pairs, "labels": [1] * ROWS, "texts": texts, "loss": simcse(u, v, texts, 20.0)},
    "mlm": {**flat(mlm), "head": head, "loss": tokens_loss(mlm, head, False)},
    "seq2seq": {**flat(seq2seq), "head": head, "loss": tokens_loss(seq2seq, head, True)},
}
out = ROOT / "train/testdata/objectives.json"
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps({name: plain(case) for name, case in result.items()}) + "\n")
print({name: case["loss"] for name, case in result.items()})
