#!/usr/bin/env python3
"""Tokens a second of the model that comes with Senvec over those of all-MiniLM-L6-v2, both at int8 in Senvec's engine.

    benchmarks/bench_small_model.py --data DATA --peer models/all-MiniLM-L6-v2 [--model share/models/senvec-zh-small]

Each encodes the STS-B test sentences of its own language, already tokenised, one after the other in every round; before
anything is timed the int8 vectors of each are compared with its own fp32 vectors. Prints the median of the rounds'
ratios (least to greatest).
"""
import argparse
import pathlib
import statistics
import tempfile

import numpy as np

from senvec_encoder import Senvec, lowest_cosine

ROOT = pathlib.Path(__file__).resolve().parent.parent


def sentences(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    return list(dict.fromkeys(row[column] for row in rows for column in (0, 1)))


def checked(model, args, texts, work, lowest_allowed=0.99):
    """The model at int8, fed with the texts, after its vectors were held against those of fp32; and how many tokens they are."""
    exact = Senvec("fp32", model, args.threads, work)
    exact.feed(texts)
    expected = exact.vectors()
    exact.close()
    engine = Senvec("int8", model, args.threads, work)
    tokens = engine.feed(texts)["tokens"]
    lowest = lowest_cosine(engine.vectors(), expected / np.linalg.norm(expected, axis=1, keepdims=True))
    print(f"{model.name}: {len(texts)} sentences, {tokens} tokens; lowest cosine int8 to fp32 {lowest:.5f}", flush=True)
    if not lowest >= lowest_allowed:
        raise SystemExit(f"{model.name}: int8 is not the same model: {lowest:.5f} < {lowest_allowed}; nothing was timed")
    return engine, tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "share/models/senvec-zh-small")
    parser.add_argument("--peer", type=pathlib.Path, default=ROOT / "models/all-MiniLM-L6-v2")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        ours, our_tokens = checked(args.model, args, sentences(args.data / "stsb_zh/test.tsv"), work)
        peer, peer_tokens = checked(args.peer, args, sentences(args.data / "stsb_en/test.tsv"), work)
        ratios, rates, peer_rates = [], [], []
        for _ in range(args.rounds):
            rates.append(our_tokens / ours.seconds())
            peer_rates.append(peer_tokens / peer.seconds())
            ratios.append(rates[-1] / peer_rates[-1])
        print(f"tokens/s: {args.model.name} {statistics.median(rates):,.0f}, {args.peer.name} {statistics.median(peer_rates):,.0f}")
        print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        ours.close()
        peer.close()


if __name__ == "__main__":
    main()
