#!/usr/bin/env python3
"""Times Senvec's vector index beside hnswlib, usearch and faiss, one search thread, in turns within each round.

    scripts/bench-index.sh --data DATA [--write docs/numbers.md] [--parts real filters exact build million]

Data: 1) about 90,000 sentence vectors of distinct texts of DATA, made by `senvec embed` with all-MiniLM-L6-v2 and kept
in --cache; 2) a million rows drawn from a mixture fitted to them: a row is one of the real vectors, moved along
differences of real vectors that lie near it, so that it has their local dimension and no two rows are equal.

For a target recall@10 (against exact search; a hit whose score is that of the tenth or more counts) each engine gets the
smallest ef (nprobe for lists) that reaches it; then the engines are timed in turns. A ratio is of one round. Results are
checked before they are timed: recall is that of the timed setting.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import time

import faiss
import hnswlib
import numpy as np
from usearch.index import Index as UsearchIndex

PARTS = ("build", "real", "filters", "exact", "million")
MARKS = ("<!-- index: written by scripts/bench-index.sh -->", "<!-- index: end -->")
MILLION_MARKS = ("<!-- million: written by scripts/bench-index.sh --parts million -->", "<!-- million: end -->")
K = 10


# ---- data

def distinct_texts(root):
    """Lines of the data sets, cut at 200 characters, at most 60,000 of them English."""
    english, other = {}, {}
    for path in sorted(root.glob("*/*")):
        skipped = "qrels" in path.name or path.name in ("LICENSE.txt", "NOTICE.txt")
        if path.suffix not in (".tsv", ".txt") or skipped:
            continue
        for line in path.open(encoding="utf-8"):
            cells = line.rstrip("\n").split("\t")
            if path.name in ("corpus.tsv", "queries.tsv"):
                cells = cells[1:]
            elif path.suffix == ".tsv":
                cells = cells[:2]
            for text in (cell.strip()[:200] for cell in cells):
                if len(text) >= 8:
                    is_english = sum(ord(c) < 128 for c in text) > 0.8 * len(text)
                    (english if is_english else other)[text] = 1
    draw = random.Random(5)
    english, other = list(english), list(other)
    draw.shuffle(english)
    draw.shuffle(other)
    texts = (english[:60000] + other)[:92000]
    draw.shuffle(texts)
    return texts


def real_vectors(options):
    path = options.cache / "real.npy"
    if not path.exists():
        texts = options.cache / "texts.txt"
        texts.write_text("\n".join(distinct_texts(options.data)) + "\n", encoding="utf-8")
        subprocess.run([options.senvec, "embed", "--model", options.model, "--input", texts, "--output", path,
                        "--precision", "int8"], check=True)
    rows = np.load(path).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    queries, base = rows[-2000:], rows[:-2000]
    # Texts that the tokenizer sees alike have one vector; each stays once.
    _, first = np.unique(base.round(5), axis=0, return_index=True)
    return np.ascontiguousarray(base[np.sort(first)]), np.ascontiguousarray(queries)


def mixture(base, count, seed):
    """Rows near real ones, moved along differences between neighbours: the real vectors' intrinsic dimension."""
    random_state = np.random.default_rng(seed)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(base.shape[1]), base.shape[1], 256, faiss.METRIC_INNER_PRODUCT)
    index.train(base)
    index.add(base)
    index.nprobe = 8
    _, near = index.search(base, 17)
    rows = np.empty((count, base.shape[1]), np.float32)
    for begin in range(0, count, 50000):
        size = min(50000, count - begin)
        chosen = random_state.integers(len(base), size=size)
        moved = base[chosen].copy()
        for _ in range(8):
            other = near[chosen, random_state.integers(1, 17, size=size)]
            step = random_state.normal(0, 0.35, size=(size, 1)).astype(np.float32)
            moved += step * (base[np.where(other < 0, chosen, other)] - base[chosen])
        rows[begin:begin + size] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return rows


class Truth:
    """Exact neighbours; ties count as hits."""

    def __init__(self, base, queries, allowed=None):
        self.base, self.queries = base, queries
        self.tenth = np.empty(len(queries), np.float32)
        for begin in range(0, len(queries), 100):
            scores = queries[begin:begin + 100] @ base.T
            if allowed is not None:
                scores = np.where(allowed, scores, -9)
            self.tenth[begin:begin + 100] = -np.partition(-scores, K - 1, axis=1)[:, K - 1]

    def recall(self, ids):
        hits = 0
        for q, row in enumerate(ids):
            row = np.asarray([i for i in row if i >= 0], np.int64)
            hits += min(K, int((self.base[row] @ self.queries[q] >= self.tenth[q] - 1e-6).sum()))
        return hits / (K * len(ids))


# ---- engines: search(width) -> ids of all queries, one call a query

class Senvec:
    name = "Senvec"

    def __init__(self, worker, queries_path):
        self.process = subprocess.Popen([worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.queries_path = queries_path

    def call(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"Senvec: {answer['error']}")
        return answer

    def build(self, rows_path, file, kind="hnsw", ef_construction=200):
        answer = self.call("build", kind, rows_path, file, 1, 16, ef_construction)
        self.call("queries", self.queries_path)
        self.resident = answer["resident"]
        return answer["seconds"]

    def search(self, width, batch=1, allowed=""):
        answer = self.call("search", K, width, 0, 1, batch, allowed)
        return answer["ids"], answer["seconds"][0]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    def __init__(self, queries):
        self.queries = queries

    def search(self, width, batch=1):
        self.set_width(width)
        answers, start = [], time.perf_counter()
        for q in range(0, len(self.queries), batch):
            answers.append(self.ask(self.queries[q:q + batch]))
        seconds = time.perf_counter() - start
        return np.concatenate(answers).astype(np.int64), seconds


class Hnswlib(Peer):
    name = "hnswlib"

    def build(self, base, ef_construction=200):
        self.index = hnswlib.Index("ip", base.shape[1])
        self.index.init_index(len(base), ef_construction=ef_construction, M=16, random_seed=100)
        self.index.set_num_threads(1)
        start = time.perf_counter()
        self.index.add_items(base, num_threads=1)
        seconds = time.perf_counter() - start
        # fp32 row, 2 M links and their count, a label: what its level 0 holds for each element.
        self.resident = len(base) * (base.shape[1] * 4 + 33 * 4 + 8)
        return seconds

    def set_width(self, width):
        self.index.set_ef(width)

    def ask(self, queries):
        return self.index.knn_query(queries, K, num_threads=1)[0]


class Usearch(Peer):
    def __init__(self, queries, dtype):
        super().__init__(queries)
        self.dtype, self.name = dtype, f"usearch {dtype}"

    def build(self, base, ef_construction=200):
        self.index = UsearchIndex(ndim=base.shape[1], metric="ip", dtype=self.dtype, connectivity=16,
                                  expansion_add=ef_construction)
        start = time.perf_counter()
        self.index.add(np.arange(len(base)), base, threads=1)
        return time.perf_counter() - start

    def set_width(self, width):
        self.index.expansion_search = width

    def ask(self, queries):
        keys = self.index.search(queries, K, threads=1).keys
        return np.asarray(keys, np.int64).reshape(len(queries), -1)


class FaissHnsw(Peer):
    name = "faiss HNSW"

    def build(self, base, ef_construction=200):
        self.index = faiss.IndexHNSWFlat(base.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = ef_construction
        start = time.perf_counter()
        self.index.add(base)
        return time.perf_counter() - start

    def set_width(self, width):
        self.index.hnsw.efSearch = width

    def ask(self, queries):
        return self.index.search(queries, K)[1]


class FaissFastScan(Peer):
    name = "faiss IVF-PQ FastScan, refined"
    is_graph = False

    def build(self, base, ef_construction=200):
        lists = 256 if len(base) < 200000 else 1024
        start = time.perf_counter()
        self.index = faiss.index_factory(base.shape[1], f"IVF{lists},PQ96x4fs,RFlat", faiss.METRIC_INNER_PRODUCT)
        self.index.train(base[:200000])
        self.index.add(base)
        self.index.k_factor = 10
        return time.perf_counter() - start

    def set_width(self, width):
        faiss.extract_index_ivf(self.index.base_index).nprobe = width

    def ask(self, queries):
        return self.index.search(queries, K)[1]


# ---- measuring

def width_for(engine, truth, target, least, most):
    """The smallest width that reaches the target; None when none does."""
    if truth.recall(engine.search(most)[0]) < target:
        return None
    while least < most:
        middle = (least + most) // 2
        if truth.recall(engine.search(middle)[0]) >= target:
            most = middle
        else:
            least = middle + 1
    return most


def in_turns(runs, rounds):
    """runs: name -> function that returns seconds. Seconds by name, a value a round."""
    seconds = {name: [] for name in runs}
    names = list(runs)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            seconds[name].append(runs[name]())
    return seconds


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def speed_at_recall(engines, truth, rounds, title):
    lines, ratios = [], []
    for target in (0.95, 0.99):
        widths = {}
        for engine in engines:
            is_graph = getattr(engine, "is_graph", True)
            widths[engine.name] = width_for(engine, truth, target, K if is_graph else 1, 800 if is_graph else 128)
        able = [engine for engine in engines if widths[engine.name] is not None]
        seconds = in_turns({e.name: (lambda e=e: e.search(widths[e.name])[1]) for e in able}, rounds)
        for engine in engines:
            if widths[engine.name] is None:
                lines.append(f"| {title}, {target} | {engine.name} | not reached | | |")
                continue
            rates = [len(truth.queries) / s for s in seconds[engine.name]]
            recall = truth.recall(engine.search(widths[engine.name])[0])
            lines.append(f"| {title}, {target} | {engine.name} | {widths[engine.name]} | {recall:.4f} | "
                         f"{statistics.median(rates):,.0f} |")
            print(lines[-1], flush=True)
        peers = [e.name for e in able if e.name != "Senvec"]
        best = min(peers, key=lambda name: statistics.median(seconds[name]))
        ratio = [theirs / ours for theirs, ours in zip(seconds[best], seconds["Senvec"])]
        ratios.append((f"{title}: queries/s at recall {target} ÷ {best}, the best peer", "≥ 2.0", spread(ratio)))
        print(ratios[-1], flush=True)
    return lines, ratios


class Bench:
    def __init__(self, options):
        self.options = options
        self.base, self.queries = real_vectors(options)
        self.paths = {"base": options.cache / "base.npy", "queries": options.cache / "queries.npy"}
        np.save(self.paths["base"], self.base)
        np.save(self.paths["queries"], self.queries)
        self.table, self.bars = [], []

    def real(self, base, rows_path, title, rounds, with_all=True):
        ours = Senvec(self.options.worker, self.paths["queries"])
        engines = [ours, Hnswlib(self.queries), FaissFastScan(self.queries)]
        if with_all:
            engines += [Usearch(self.queries, "bf16"), Usearch(self.queries, "i8"), FaissHnsw(self.queries)]
        truth = Truth(base, self.queries)
        built = {}
        for engine in engines:
            built[engine.name] = engine.build(rows_path, self.options.cache / "index.idx") if engine is ours else engine.build(base)
            print(f"{title}: {engine.name} built in {built[engine.name]:.1f} s", flush=True)
        lines, ratios = speed_at_recall(engines, truth, rounds, title)
        self.table += lines
        self.bars += ratios
        hnsw = next(e for e in engines if e.name == "hnswlib")
        self.bars.append((f"{title}: memory that must stay resident ÷ hnswlib", "≤ 0.4", f"{ours.resident / hnsw.resident:.3f}"))
        graphs = [e for e in engines if getattr(e, "is_graph", True) and e is not ours]
        best = min(graphs, key=lambda e: built[e.name])
        recalls = {e.name: truth.recall(e.search(64)[0]) for e in (ours, *graphs)}
        self.bars.append((f"{title}: build time, one thread, {built['Senvec']:.0f} s ÷ {best.name} (recall at ef 64: "
                          f"{recalls['Senvec']:.4f} and {recalls[best.name]:.4f})", "≤ 0.7",
                          f"{built['Senvec'] / built[best.name]:.2f}"))
        print(*self.bars[-2:], sep="\n", flush=True)
        return ours, hnsw

    def filters(self):
        ours = Senvec(self.options.worker, self.options.cache / "few.npy")
        queries = self.queries[:200]
        np.save(self.options.cache / "few.npy", queries)
        ours.build(self.paths["base"], self.options.cache / "index.idx")
        peer = Hnswlib(queries)
        peer.build(self.base)
        draw = np.random.default_rng(3)
        bits_path = self.options.cache / "allowed.bits"
        for kind in ("random", "near each other"):
            for share in (0.001, 0.01, 0.05, 0.2, 0.5):
                if kind == "random":
                    allowed = draw.random(len(self.base)) < share
                else:
                    scores = self.base @ self.base[draw.integers(len(self.base))]
                    allowed = scores >= np.quantile(scores, 1 - share)
                words = np.packbits(allowed, bitorder="little")
                np.concatenate([words, np.zeros(-len(words) % 8 + 8, np.uint8)]).tofile(bits_path)
                truth = Truth(self.base, queries, allowed)
                recall = truth.recall(ours.search(64, allowed=bits_path)[0])
                mask = allowed.tolist()

                def post_filtered(n=20):
                    start = time.perf_counter()
                    for q in range(n):
                        peer.index.set_ef(64)
                        try:
                            peer.index.knn_query(queries[q:q + 1], K, num_threads=1, filter=mask.__getitem__)
                        except RuntimeError:  # it finds fewer than k
                            pass
                    return (time.perf_counter() - start) / n * len(queries)

                seconds = in_turns({"ours": lambda: ours.search(64, allowed=bits_path)[1], "theirs": post_filtered}, 3)
                ratio = [t / o for t, o in zip(seconds["theirs"], seconds["ours"])]
                self.bars.append((f"filter keeps {share:.1%} of rows, {kind}: recall@10; queries/s ÷ hnswlib's predicate",
                                  "≥ 0.95; ≥ 2", f"{recall:.4f}; {spread(ratio)}"))
                print(self.bars[-1], flush=True)
        ours.close()

    def exact(self):
        ours = Senvec(self.options.worker, self.paths["queries"])
        ours.build(self.paths["base"], self.options.cache / "exact.idx", kind="exact")
        few = self.options.cache / "few.npy"
        np.save(few, self.queries[:192])
        ours.call("queries", few)
        flat = faiss.IndexFlatIP(self.base.shape[1])
        flat.add(self.base)
        truth = Truth(self.base, self.queries[:192])
        assert truth.recall(ours.search(0, batch=64)[0]) == 1.0, "exact search is not exact"

        mapped = np.memmap(self.options.cache / "exact.idx", dtype=np.float64, mode="r")

        def read_all(values):
            # What the machine reads in one thread: a sum over as many bytes, in large pages of memory or in the file's.
            start = time.perf_counter()
            values.sum()
            return time.perf_counter() - start

        def theirs():
            start = time.perf_counter()
            for q in range(0, 192, 64):
                flat.search(self.queries[q:q + 64], K)
            return time.perf_counter() - start

        def read(values):
            return lambda: statistics.mean(read_all(values) for _ in range(20))

        seconds = in_turns({"one": lambda: ours.search(0)[1] / 192, "memory": read(self.base.view(np.float64)),
                            "file": read(np.asarray(mapped)),
                            "ours": lambda: ours.search(0, batch=64)[1], "theirs": theirs}, 5)
        shares = {source: [read / one for read, one in zip(seconds[source], seconds["one"])] for source in ("memory", "file")}
        ratio = [t / o for t, o in zip(seconds["theirs"], seconds["ours"])]
        self.bars.append(("exact, 1 query: time to read as many bytes of memory ÷ time of the search", "≥ 0.8",
                          spread(shares["memory"])))
        self.bars.append(("exact, 1 query: time to read the mapped file ÷ time of the search", "", spread(shares["file"])))
        self.bars.append(("exact, 64 queries a call: queries/s ÷ faiss flat", "≥ 1.5", spread(ratio)))
        print(*self.bars[-3:], sep="\n", flush=True)
        ours.close()

    def build(self):
        """Build time again and again, in turns with the fastest graph."""
        seconds = {"Senvec": [], "hnswlib": [], "usearch bf16": []}
        for _ in range(self.options.build_rounds):
            ours = Senvec(self.options.worker, self.paths["queries"])
            seconds["Senvec"].append(ours.build(self.paths["base"], self.options.cache / "index.idx"))
            ours.close()
            seconds["hnswlib"].append(Hnswlib(self.queries).build(self.base))
            seconds["usearch bf16"].append(Usearch(self.queries, "bf16").build(self.base))
        best = min(("hnswlib", "usearch bf16"), key=lambda name: statistics.median(seconds[name]))
        ratio = [ours / theirs for ours, theirs in zip(seconds["Senvec"], seconds[best])]
        self.bars.append((f"real: build time ÷ {best}, the fastest graph, same M and ef_construction", "≤ 0.7", spread(ratio)))
        print(self.bars[-1], flush=True)

    def run(self):
        parts = self.options.parts
        if "build" in parts:
            self.build()
        if "real" in parts:
            self.real(self.base, self.paths["base"], f"{len(self.base):,} real vectors", self.options.rounds)[0].close()
        if "filters" in parts:
            self.filters()
        if "exact" in parts:
            self.exact()
        if "million" in parts:
            rows = mixture(self.base, self.options.million, 11)
            path = self.options.cache / "million.npy"
            np.save(path, rows)
            ours, _ = self.real(rows, path, f"{len(rows):,} drawn vectors", self.options.rounds, with_all=False)
            start = ours.call("open", self.options.cache / "index.idx")["seconds"]
            self.bars.append((f"{len(rows):,} vectors: seconds to open", "< 2", f"{start:.2f}"))
            ours.close()

    def report(self):
        lines = ["| data, recall@10 | engine | ef or nprobe | recall | queries/s |", "|---|---|---|---|---|", *self.table, "",
                 "| what | bar | median (least to greatest) |", "|---|---|---|"]
        lines += [f"| {what} | {bar} | {value} |" for what, bar, value in self.bars]
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("build/bench-index"))
    parser.add_argument("--model", type=pathlib.Path, default=pathlib.Path("models/all-MiniLM-L6-v2"))
    parser.add_argument("--senvec", type=pathlib.Path, default=pathlib.Path("build/release/bin/senvec"))
    parser.add_argument("--worker", type=pathlib.Path, default=pathlib.Path("build/release/bin/index_worker"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build-rounds", type=int, default=3)
    parser.add_argument("--million", type=int, default=1000000, help="rows of the drawn set")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file whose index section is replaced")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    faiss.omp_set_num_threads(1)
    bench = Bench(options)
    bench.run()
    report = bench.report()
    print(report)
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        # The million takes as long as all the rest, so that it is run, and written, by itself.
        first, last = MILLION_MARKS if options.parts == ["million"] else MARKS
        begin, end = text.index(first) + len(first), text.index(last)
        options.write.write_text(f"{text[:begin]}\n\n{report}\n\n{text[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
