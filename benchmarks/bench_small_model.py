#!/usr/bin/env python3
"""Tokens a second of the model that comes with Senvec over those of all-MiniLM-L6-v2, both at int8 in Senvec's engine.

    benchmarks/bench_small_model.py --data DATA --peer models/all-MiniLM-L6-v2 [--model share/models/senvec-zh-small]

Each encodes the STS-B test sentences of its own language, already tokenised, one after the other in every round; before
anything is timed the int8 vectors of each are compared with its own fp32 vectors. Prints the median of the rounds'
ratios (least to greatest).
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Worker:
    def __init__(self, model, threads, precision, texts, work):
        self.process = subprocess.Popen([ROOT / "build/release/bin/encoder_worker"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.rows = work / "rows.bin"
        self.loaded = self.ask(op="load", model=str(model), precision=precision, threads=threads)
        (work / "texts.txt").write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        self.tokens = self.ask(op="texts", path=str(work / "texts.txt"))["tokens"]

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def rate(self):
        """Tokens a second."""
        return self.tokens / self.ask(op="encode")["seconds"]

    def vectors(self):
        dim = self.ask(op="vectors", path=str(self.rows))["dim"]
        rows = np.fromfile(self.rows, dtype=np.float32).reshape(-1, dim).astype(np.float64)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def sentences(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    return list(dict.fromkeys(row[column] for row in rows for column in (0, 1)))


def checked(model, args, texts, work, lowest_allowed=0.99):
    """A worker at int8, after its vectors were held against those of fp32."""
    exact = Worker(model, args.threads, "fp32", texts, work)
    expected = exact.vectors()
    exact.close()
    worker = Worker(model, args.threads, "int8", texts, work)
    lowest = float((worker.vectors() * expected).sum(1).min())
    print(f"{model.name}: {len(texts)} sentences, {worker.tokens} tokens; lowest cosine int8 to fp32 {lowest:.5f}", flush=True)
    if lowest < lowest_allowed:
        raise SystemExit(f"{model.name}: int8 is not the same model: {lowest:.5f} < {lowest_allowed}; nothing was timed")
    return worker


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
        ours = checked(args.model, args, sentences(args.data / "stsb_zh/test.tsv"), work)
        peer = checked(args.peer, args, sentences(args.data / "stsb_en/test.tsv"), work)
        ratios, rates, peer_rates = [], [], []
        for _ in range(args.rounds):
            rates.append(ours.rate())
            peer_rates.append(peer.rate())
            ratios.append(rates[-1] / peer_rates[-1])
        print(f"tokens/s: {args.model.name} {statistics.median(rates):,.0f}, {args.peer.name} {statistics.median(peer_rates):,.0f}")
        print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        ours.close()
        peer.close()


if __name__ == "__main__":
    main()
