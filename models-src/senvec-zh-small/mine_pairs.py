#!/usr/bin/env python3
"""Pairs of the sentences that are trained on, from nearly the same to far apart, with the teacher's opinion as their label.

    mine_pairs.py DATA WORK [SENVEC]

Takes the sentences of WORK/train (prepare_data.py made it), embeds them with WORK/teacher, and writes WORK/train/mined.tsv:
"text_a TAB text_b TAB label". An anchor's partners are drawn among its nearest 63, by ranks that double, and now and then among
all. The label is the teacher's cosine after 0.9 of the mean is taken away, which is what the small model's cosine should be.
No sentence of an evaluation file or a dev set is taken. Needs numpy.
"""
import pathlib
import random
import subprocess
import sys

import numpy as np

from prepare_data import Evaluation, draw, fold, is_label, rows_of

SOURCES = ["stsb", "stsb_deepl", "pawsx", "bq", "lcqmc", "atec_ccks", "simclue_pairs", "simclue_positives", "nli", "chip2019", "atec"]
POOL, ANCHORS, PAIRS_EACH = 120_000, 60_000, 2
RANKS = [1, 2, 4, 8, 16, 32, 63]
ANYWHERE = 0.12  # share of partners drawn among all
MEAN_SHARE = 0.9


def pool_of(data, work):
    """Sentences, sources in turn so that the large ones do not fill the pool before the small ones are in."""
    shut = Evaluation(data).sentences
    for path in (work / "dev").glob("*.tsv"):
        shut.update(fold(text) for row in rows_of(path) for text in row[:2])
    seen, pool = set(), []
    for name in SOURCES:
        texts = {text for row in rows_of(work / f"train/{name}.tsv") for text in (row[:-1] if is_label(row[-1]) else row)}
        for text in sorted(texts, key=draw):
            key = fold(text)
            if len(pool) < POOL and key not in shut and key not in seen and 4 <= len(text) <= 64:
                seen.add(key)
                pool.append(text)
    return pool


def vectors_of(pool, work, senvec):
    texts, rows = work / "mined.txt", work / "mined.npy"
    texts.write_text("".join(text + "\n" for text in pool), encoding="utf-8")
    subprocess.run([senvec, "embed", "--model", work / "teacher", "--prompt", "query", "--precision", "int8", "--input", texts,
                    "--output", rows], check=True)
    vectors = np.load(rows)
    vectors -= MEAN_SHARE * vectors.mean(axis=0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def partners(scores, generator):
    """Places of one anchor's partners; `scores` has -2 at its own place."""
    count = max(RANKS)
    nearest = np.argpartition(-scores, count)[:count]
    nearest = nearest[np.argsort(-scores[nearest])]
    for _ in range(PAIRS_EACH):
        anywhere = generator.random() < ANYWHERE
        yield generator.randrange(len(scores)) if anywhere else int(nearest[generator.choice(RANKS) - 1])


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    data, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    senvec = sys.argv[3] if len(sys.argv) == 4 else "build/release/bin/senvec"
    pool = pool_of(data, work)
    vectors = vectors_of(pool, work, senvec)
    generator = random.Random(1)
    anchors = generator.sample(range(len(pool)), min(ANCHORS, len(pool)))
    seen, lines = set(), []
    for begin in range(0, len(anchors), 256):
        block = anchors[begin:begin + 256]
        for anchor, scores in zip(block, vectors[block] @ vectors.T):
            scores[anchor] = -2
            for other in partners(scores, generator):
                pair = (min(anchor, other), max(anchor, other))
                if other != anchor and pair not in seen:
                    seen.add(pair)
                    lines.append(f"{pool[anchor]}\t{pool[other]}\t{scores[other]:.4f}\n")
    (work / "train/mined.tsv").write_text("".join(lines), encoding="utf-8")
    print(f"train/mined.tsv: {len(lines):,} pairs of {len(pool):,} sentences")


if __name__ == "__main__":
    main()
