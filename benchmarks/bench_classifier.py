#!/usr/bin/env python3
"""Accuracy of `senvec classify` beside scikit-learn on the same vectors of the same texts.

    pip install numpy scikit-learn
    python3 benchmarks/bench_classifier.py MODEL... --data DATA

Sets, made of the data's own folders: "source", from which of ten Chinese sets a sentence is; "passage en/zh", which
passage of XQuAD a question belongs to, one class a passage; "author", the author of a Song-dynasty poem, eleven of them.
Three quarters are for fitting, the rest for testing. Rivals: LinearDiscriminantAnalysis with the same shrinkage and with
Ledoit-Wolf's, RidgeClassifier, LogisticRegression (C = 1 and 100), and the nearest class mean.
"""
import argparse
import collections
import pathlib
import random
import subprocess
import tempfile
import time
import warnings

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier

warnings.simplefilter("ignore")
ROOT = pathlib.Path(__file__).resolve().parent.parent
SENVEC = ROOT / "build" / "release" / "bin" / "senvec"
SHRINKAGES = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6)


def lines(path):
    return [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]


def source(data):
    places = {"atec": ("atec/test.tsv", 0), "bq": ("bq/test.tsv", 0), "lcqmc": ("lcqmc/test.tsv", 0),
              "stsb": ("stsb_zh/train.tsv", 0), "epidemic": ("epidemic_faq/corpus.tsv", 1),
              "insurance": ("insurance_zhidao/queries.tsv", 1), "web": ("qbqtc_rank/corpus.tsv", 1),
              "headline": ("news_titles_zh/titles.txt", 0), "science": ("csl_title/queries.tsv", 1),
              "house": ("house_qa/train.tsv", 0)}
    for name, (path, column) in places.items():
        texts = sorted({row[column] for row in lines(data / path)})
        for text in random.Random(1).sample(texts, 600):
            yield text, name


def passage(data, language):
    texts = dict(lines(data / f"xquad_{language}" / "queries.tsv"))
    for query, document, _ in lines(data / f"xquad_{language}" / "qrels.tsv"):
        yield texts[query], document


def author(data):
    poems = collections.defaultdict(list)
    for _, name, text in lines(data / "poems_zh" / "song_ci.tsv"):
        poems[name].append(text)
    for name in sorted(poems, key=lambda n: (-len(poems[n]), n))[1:12]:
        for text in poems[name][:180]:
            yield text, name


def split(examples):
    """Every fourth example of a label is for testing, and no label is without one for fitting."""
    seen = collections.Counter()
    parts = ([], [])
    for example in examples:
        parts[seen[example[1]] % 4 == 3].append(example)
        seen[example[1]] += 1
    return parts


def embed(model, texts, folder):
    (folder / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    prompt = ["--prompt", "query"] if "e5" in model else []
    subprocess.run([SENVEC, "embed", "--model", model, "--input", folder / "texts.txt", "--output", folder / "x.npy",
                    *prompt], check=True, stderr=subprocess.DEVNULL)
    return np.load(folder / "x.npy").astype(np.float64)


def ours(model, fit, test, shrinkage, folder, *more):
    for name, examples in (("fit", fit), ("test", test)):
        (folder / f"{name}.tsv").write_text("".join(f"{text}\t{label}\n" for text, label in examples), encoding="utf-8")
    prompt = ["--prompt", "query"] if "e5" in model else []
    made = subprocess.run([SENVEC, "classify", "fit", "--model", model, "--input", folder / "fit.tsv", "--output",
                           folder / "c", "--shrinkage", str(shrinkage), *prompt], stderr=subprocess.PIPE, text=True)
    if made.returncode:
        return None, made.stderr.strip().splitlines()[-1]
    run = subprocess.run([SENVEC, "classify", "apply", "--model", model, "--classifier", folder / "c", "--input",
                          folder / "test.tsv", "--labelled", *more], check=True, capture_output=True, text=True)
    accuracy = float(run.stderr.split("accuracy ")[1].split(":")[0])
    return accuracy, [line.split("\t")[0] for line in run.stdout.splitlines()]


def rivals(x, y, queries):
    means = np.stack([x[y == label].mean(axis=0) for label in np.unique(y)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    yield "nearest mean", np.unique(y)[np.argmax(queries @ means.T, axis=1)], 0.0
    for name, model in (("LDA, Ledoit-Wolf", LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
                        ("ridge", RidgeClassifier()), ("logistic, C 1", LogisticRegression(max_iter=3000)),
                        ("logistic, C 100", LogisticRegression(max_iter=3000, C=100))):
        begin = time.perf_counter()
        model.fit(x, y)
        yield name, model.predict(queries), time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--sets", default="source,passage en,passage zh,author")
    arguments = parser.parse_args()
    sets = {"source": source, "passage en": lambda d: passage(d, "en"), "passage zh": lambda d: passage(d, "zh"),
            "author": author}
    for model in arguments.models:
        for name in arguments.sets.split(","):
            if "MiniLM" in model and name != "passage en":
                continue  # an English model
            fit, test = split(sets[name](arguments.data))
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                x = embed(model, [t for t, _ in fit], folder)
                queries = embed(model, [t for t, _ in test], folder)
                y, want = np.array([label for _, label in fit]), np.array([label for _, label in test])
                print(f"{pathlib.Path(model).name}, {name}: {len(np.unique(y))} labels, {len(fit)} texts, {len(test)} tested")
                for shrinkage in SHRINKAGES:
                    accuracy, labels = ours(model, fit, test, shrinkage, folder)
                    if accuracy is None:
                        print(f"  senvec, shrinkage {shrinkage:<5} {labels}")
                        continue
                    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage or None).fit(x, y)
                    guess = theirs.predict(queries)
                    print(f"  senvec, shrinkage {shrinkage:<5} {accuracy:.4f}   scikit-learn's LDA {np.mean(guess == want):.4f}, "
                          f"{np.sum(guess != np.array(labels))} labels differ")
                print(f"  senvec, 0.1, with CAN     {ours(model, fit, test, 0.1, folder, '--can')[0]:.4f}")
                for rival, guess, seconds in rivals(x, y, queries):
                    print(f"  {rival:25} {np.mean(guess == want):.4f}   {seconds:.2f} s to fit", flush=True)


if __name__ == "__main__":
    main()
