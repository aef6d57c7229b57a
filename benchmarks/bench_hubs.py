#!/usr/bin/env python3
"""Hubs among the answers of a collection, and what is found, by cosine and by CSLS.

    python3 benchmarks/bench_hubs.py MODEL DATA/epidemic_faq [DATA/xquad_en ...] [--precision int8] [--work FOLDER]

Builds each folder's corpus.tsv with `senvec index build --kind exact --hub-correction`, asks all of queries.tsv by
--scoring metric and by --scoring csls, and prints for each how often the same documents come among the 10 first:
skewness of N_10, Robin Hood index, share of documents that never come, and the most frequent one; and beside it hit@1
and MRR@10 by qrels.tsv. The measures are computed here.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SENVEC = ROOT / "build" / "release" / "bin" / "senvec"
K = 10
STEP = 500  # queries of one command line


def rows(path):
    return [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]


def search(index, queries, scoring, extra):
    lists = []
    for first in range(0, len(queries), STEP):
        command = [SENVEC, "search", "--index", index, "--k", str(K), "--scoring", scoring, "--json", *extra,
                   *queries[first:first + STEP]]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lists += [[hit["id"] for hit in json.loads(line)["hits"]] for line in out.splitlines()]
    return lists


def hubness(lists, ids):
    counts = collections.Counter(identity for found in lists for identity in found)
    n = [counts[identity] for identity in ids]
    mean = sum(n) / len(n)
    variance = sum((x - mean) ** 2 for x in n) / len(n)
    skewness = sum((x - mean) ** 3 for x in n) / len(n) / variance ** 1.5
    robin_hood = sum(abs(x - mean) for x in n) / 2 / sum(n)
    return skewness, robin_hood, n.count(0) / len(n), max(n)


def quality(lists, relevant):
    hits, reciprocal = 0, 0.0
    for found, good in zip(lists, relevant):
        rank = next((i for i, identity in enumerate(found, 1) if identity in good), None)
        hits += rank == 1
        reciprocal += 0 if rank is None else 1 / rank
    return hits / len(lists), reciprocal / len(lists)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data", nargs="+", type=pathlib.Path)
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--work", type=pathlib.Path, help="keep the collections here, and use those that are there")
    arguments = parser.parse_args()
    extra = ["--precision", arguments.precision]
    print("| set | scoring | skewness of N_10 | Robin Hood | never found | most often | hit@1 | MRR@10 |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for data in arguments.data:
            index = (arguments.work or pathlib.Path(temporary)) / data.name
            if not index.exists():
                subprocess.run([SENVEC, "index", "build", "--model", arguments.model, "--input", data / "corpus.tsv", "--output",
                                index, "--kind", "exact", "--hub-correction", *extra], check=True, capture_output=True)
            ids = [row[0] for row in rows(data / "corpus.tsv")]
            relevant = collections.defaultdict(set)
            for query, document, relevance in rows(data / "qrels.tsv"):
                if float(relevance) > 0:
                    relevant[query].add(document)
            queries = [row for row in rows(data / "queries.tsv") if row[0] in relevant]
            for scoring in ("metric", "csls"):
                lists = search(index, [text for _, text in queries], scoring, extra)
                skewness, robin_hood, never, most = hubness(lists, ids)
                hit, mrr = quality(lists, [relevant[query] for query, _ in queries])
                print(f"| {data.name} | {scoring} | {skewness:.2f} | {robin_hood:.3f} | {never:.3f} | {most} | {hit:.4f} | {mrr:.4f} |",
                      flush=True)


if __name__ == "__main__":
    main()
