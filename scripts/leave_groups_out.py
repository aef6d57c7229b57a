#!/usr/bin/env python3
"""Makes a calibration set with unanswerable queries of a retrieval set or of sentence pairs, by leaving groups out.

    python3 scripts/leave_groups_out.py DATA/epidemic_faq OUT [--share 0.33] [--members 1]
    python3 scripts/leave_groups_out.py DATA/mrpc_en/test.tsv OUT --least 1

Of a folder (corpus.tsv, queries.tsv, qrels.tsv) a group is the documents that are relevant for one query; of pairs
(text_a TAB text_b TAB score) text_a is the document and text_b the query where the score is --least or more. A share of
the groups, chosen by a checksum of the document's text, is not in the corpus, and their queries expect "none". With
--members the first queries of each group become documents of it. Writes OUT/corpus.tsv (id, text, group) and
OUT/queries.tsv (text, group) for `senvec eval calibrate`. Needs nothing but Python.
"""
import argparse
import collections
import hashlib
import pathlib


def rows(path, fields):
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        parts = line.split("\t")
        if len(parts) != fields:
            raise SystemExit(f"{path}: line {number}: expected {fields} fields, got {len(parts)}")
        yield parts


def of_folder(folder):
    documents = dict(rows(folder / "corpus.tsv", 2))
    texts = dict(rows(folder / "queries.tsv", 2))
    relevant = collections.defaultdict(list)
    for query, document, relevance in rows(folder / "qrels.tsv", 3):
        if float(relevance) > 0:
            relevant[query].append(document)
    # Documents that answer one query are one group, named by the first of them.
    name = {}
    for found in relevant.values():
        merged = {name.get(document, document) for document in found}
        first = min(merged, key=list(documents).index) if len(merged) > 1 else merged.pop()
        for document in [d for d, n in name.items() if n in merged] + found:
            name[document] = first
    groups = collections.defaultdict(list)
    for query, found in relevant.items():
        groups[name[found[0]]].append(texts[query])
    return documents, groups, name


def of_pairs(path, least):
    ids, documents, groups = {}, {}, collections.defaultdict(list)
    pairs = list(rows(path, 3))
    first = {a for a, _, _ in pairs}
    for a, b, score in pairs:
        if float(score) < least or b in first:
            continue
        identity = ids.setdefault(a, f"d{len(ids)}")
        documents[identity] = a
        groups[identity].append(b)
    return documents, groups, {}


def left_out(text, share):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") < share * 2**32


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--share", type=float, default=0.33)
    parser.add_argument("--members", type=int, default=0)
    parser.add_argument("--least", type=float, default=1)
    arguments = parser.parse_args()
    data = arguments.data
    documents, groups, name = of_folder(data) if data.is_dir() else of_pairs(data, arguments.least)
    corpus, queries, unanswerable = [], [], 0
    for identity, text in documents.items():
        group = name.get(identity, identity)
        asked = groups.get(group, [])
        gone = bool(asked) and left_out(documents[group], arguments.share)
        if not gone:
            corpus.append((identity, text, group if asked else ""))
        if group != identity or not asked:
            continue
        if gone:
            unanswerable += len(asked)
            queries += [(query, "none") for query in asked]
            continue
        members = asked[:arguments.members] if len(asked) > arguments.members else []
        corpus += [(f"{identity}_{i}", query, identity) for i, query in enumerate(members)]
        queries += [(query, identity) for query in asked[len(members):]]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, lines in (("corpus.tsv", corpus), ("queries.tsv", queries)):
        (arguments.out / name).write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    print(f"{arguments.out}: {len(corpus)} documents, {len(queries)} queries, {unanswerable} of them without an answer")


if __name__ == "__main__":
    main()
