#!/usr/bin/env python3
"""Times `senvec index build` against the encoder alone on the same texts, in turns.

    python3 benchmarks/bench_bulk_build.py --model DIR --input TEXTS.txt [--rounds 3] [--precision NAME] [--kind auto]

A round is one `senvec embed` (texts to an array in memory, all cores: the encoder's own rate, without reading the model) and one
`senvec index build` (the same texts to a collection on disk). Printed are rows a second of both, and the ratio of the two within
each round: while encoding, which is what the build adds to the encoder, and with the final index. Every vector of the last
collection is compared with the array first; a difference above 1e-6 ends the run with exit code 1.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy


def run(arguments):
    start = time.monotonic()
    result = subprocess.run(list(map(str, arguments)), capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return result.stderr, time.monotonic() - start


def last_number(pattern, text):
    found = re.findall(pattern, text)
    if not found:
        sys.exit(f"no {pattern} in {text}")
    return float(found[-1].replace(",", ""))


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def compare(program, index, vectors, ids):
    """The collection's vectors, which have length 1, against the array's."""
    out = vectors.with_name("exported.npy")
    run([program, "index", "export", "--index", index, "--output", vectors.with_name("exported.jsonl"), "--vectors", out])
    order = sorted(range(len(ids)), key=lambda i: ids[i].encode())
    there, here = numpy.load(out), numpy.load(vectors)[order]
    here = here / numpy.linalg.norm(here, axis=1, keepdims=True)
    difference = float(numpy.abs(there - here).max())
    if there.shape != here.shape or difference > 1e-6:
        sys.exit(f"the collection has other vectors than the array: {there.shape}, {here.shape}, largest difference {difference}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/senvec")
    parser.add_argument("--model", required=True)
    parser.add_argument("--input", required=True, type=pathlib.Path, help="one text a line, none of them blank")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--kind", default="auto")
    options = parser.parse_args()
    count = sum(1 for _ in options.input.open("rb"))
    while_encoding, with_index = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        vectors, index = folder / "vectors.npy", folder / "index"
        model = ["--model", options.model, "--precision", options.precision]
        for number in range(options.rounds):
            text, _ = run([options.program, "embed", *model, "--prompt", "none", "--input", options.input, "--output", vectors])
            encoder = last_number(r"([\d,]+) sentences/s", text)
            text, wall = run([options.program, "index", "build", *model, "--prompt", "none", "--input", options.input,
                              "--output", index, "--kind", options.kind])
            encoding = last_number(r"([\d.]+) s for reading, encoding and writing", text)
            indexing = last_number(r"([\d.]+) s for the index", text)
            if last_number(r"([\d,]+) documents", text) != count:
                sys.exit(f"{text}: {count} documents were expected")
            if number + 1 == options.rounds:
                compare(options.program, index, vectors, [str(i + 1) for i in range(count)])
            subprocess.run(["rm", "-rf", str(index)], check=True)
            while_encoding.append(count / encoding / encoder)
            with_index.append(count / (encoding + indexing) / encoder)
            print(f"round {number + 1}: encoder {encoder:,.0f} rows/s; build {count / encoding:,.0f} rows/s, {encoding:.2f} s, index "
                  f"{indexing:.2f} s, all with loading the model {wall:.2f} s", flush=True)
    print(f"{count:,} texts, {options.precision}, {options.kind}")
    print(f"build ÷ encoder, median (least to greatest): {spread(while_encoding)}; with the final index {spread(with_index)}")


if __name__ == "__main__":
    main()
