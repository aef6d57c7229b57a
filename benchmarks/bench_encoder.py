#!/usr/bin/env python3
"""Times Senvec's encoder and its peers in turns, after comparing every vector with transformers in fp32.

    scripts/bench-encoder.sh --data DATA [--threads 2] [--rounds 5] [--write docs/numbers.md] [MODEL_DIR…]
    scripts/bench-encoder.sh --data DATA --parts short --json short.json MODEL_DIR      one part alone, and
    scripts/bench-encoder.sh --data DATA --merge short.json rest.json --write docs/numbers.md      parts together

Every engine encodes the same tokenised sentences with the same number of threads, one after the other in each round; a
ratio is that of one round, and what is printed is the median of the rounds (least to greatest). Sets: STS-B test
(short), MRPC test (medium), Cranfield abstracts (long), spread evenly over each file. Peers get batches sorted by
length; batch size, and streams for OpenVINO, are those that were fastest for that peer on that set.
"""
import argparse
import json
import pathlib
import statistics
import tempfile
import time

import numpy as np
import torch
import transformers

from peers import PEERS
from senvec_encoder import Senvec, lowest_cosine

ROOT = pathlib.Path(__file__).resolve().parent.parent
SETS = {"short": ("stsb_en/test.tsv", (0, 1), 1000), "medium": ("mrpc_en/test.tsv", (0, 1), 500),
        "long": ("cranfield_en/corpus.tsv", (1,), 80)}
PRECISIONS = ("fp32", "bf16", "int8")
PARTS = (*SETS, "memory", "latency", "order")


def read_set(data, name, scale=1.0):
    path, columns, count = SETS[name]
    count = max(2, int(count * scale))
    rows = [line.rstrip("\n").split("\t") for line in open(data / path, encoding="utf-8")]
    texts = list(dict.fromkeys(row[c] for row in rows for c in columns))
    return texts[::max(1, len(texts) // count)][:count]


def reference(model_dir, sentences):
    model = transformers.AutoModel.from_pretrained(model_dir, dtype=torch.float32, attn_implementation="eager").eval()
    rows = []
    for ids in sentences:
        states = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
        mean = states.last_hidden_state[0].double().mean(0).numpy()
        rows.append(mean / np.linalg.norm(mean))
    return np.stack(rows)


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def tune(peer, sentences):
    """The fastest way this peer runs the set; leaves it fed that way."""
    best = None
    for mode in peer.modes:
        for budget in peer.budgets:
            peer.mode = mode
            peer.feed(sentences, budget)
            peer.run()
            seconds = timed(peer.run)
            if best is None or seconds < best[0]:
                best = (seconds, mode, budget)
    peer.mode = best[1]
    peer.feed(sentences, best[2])
    return f"{best[2]} tokens" + (f", {best[1]}" if best[1] else "")


def spread(values):
    return statistics.median(values), min(values), max(values)


class Bench:
    def __init__(self, options, model_dir, work):
        self.options, self.model_dir, self.work = options, model_dir, work
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(model_dir / "tokenizer.json"))
        self.tokenizer.backend_tokenizer.no_padding()
        self.config = json.loads((model_dir / "config.json").read_text())
        limit = json.loads((model_dir / "sentence_bert_config.json").read_text()).get("max_seq_length") \
            if (model_dir / "sentence_bert_config.json").exists() else None
        self.max_tokens = limit or self.config["max_position_embeddings"]
        self.ours = {p: Senvec(p, model_dir, options.threads, work) for p in PRECISIONS}
        self.alone = {p: Senvec(p, model_dir, 1, work) for p in PRECISIONS}
        self.peers = {}
        for name, kind in PEERS.items():
            if options.peers and name not in options.peers:
                continue
            self.peers[name] = kind(name, model_dir, work, options.threads)

    def flop_per_token(self):
        hidden, inner = self.config["hidden_size"], self.config["intermediate_size"]
        return 2.0 * self.config["num_hidden_layers"] * (4 * hidden * hidden + 2 * hidden * inner)

    def tokenize(self, texts):
        self.tokenizer.backend_tokenizer.enable_truncation(self.max_tokens)
        return [e.ids for e in self.tokenizer.backend_tokenizer.encode_batch(texts)]

    def gemm_limits(self):
        return {p: self.ours[p].ask(op="gemm_limit", precision=p, threads=self.options.threads)["gflops"]
                for p in PRECISIONS}

    def run_set(self, name):
        texts = read_set(self.options.data, name, self.options.scale)
        sentences = self.tokenize(texts)
        tokens = sum(map(len, sentences))
        expected = reference(self.model_dir, sentences)
        result = {"tokens": tokens, "sentences": len(texts), "cosine": {}, "settings": {}}
        for engine in self.ours.values():
            assert engine.feed(texts)["tokens"] == tokens, "tokens differ from the library's"
            result["cosine"][engine.name] = lowest_cosine(engine.vectors(), expected)
        for engine in self.alone.values():
            engine.feed(texts)
            engine.seconds()
        for engine in self.peers.values():
            result["settings"][engine.name] = tune(engine, sentences)
            result["cosine"][engine.name] = lowest_cosine(engine.vectors(), expected)
        rounds = {key: [] for key in [e.name for e in self.ours.values()] + list(self.peers)}
        texts_rounds = {key: [] for key in rounds}
        alone, limits = {p: [] for p in PRECISIONS}, {p: [] for p in PRECISIONS}
        for _ in range(self.options.rounds):
            for precision, limit in self.gemm_limits().items():
                limits[precision].append(limit)
            for engine in self.ours.values():
                rounds[engine.name].append(engine.seconds())
                texts_rounds[engine.name].append(engine.ask(op="encode_texts")["seconds"])
            for engine in self.peers.values():
                rounds[engine.name].append(timed(engine.run))
                texts_rounds[engine.name].append(timed(lambda: self.tokenize(texts)) + rounds[engine.name][-1])
            for precision in PRECISIONS:
                alone[precision].append(self.alone[precision].seconds())
        result.update(rounds=rounds, texts_rounds=texts_rounds, alone=alone, limits=limits)
        result["tokenizing"] = {p: spread([e.ask(op="tokenize")["seconds"] for _ in range(3)])[0] / self.options.threads
                                for p, e in self.ours.items()}
        return result

    def latency(self):
        """One sentence alone, in turns: milliseconds, median of each round."""
        texts = read_set(self.options.data, "short", self.options.scale)
        sentences = self.tokenize(texts)
        index = min(range(len(texts)), key=lambda i: abs(len(sentences[i]) - 14))
        for engine in self.ours.values():
            engine.feed(texts)
        for engine in self.peers.values():
            engine.mode = "latency"
            engine.feed([sentences[index]], 512)
            engine.run()
        result = {key: [] for key in [e.name for e in self.ours.values()] + list(self.peers)}
        for _ in range(self.options.rounds):
            for engine in self.ours.values():
                result[engine.name].append(statistics.median(engine.ask(op="alone", index=index, repeat=60)["seconds"]))
            for engine in self.peers.values():
                result[engine.name].append(statistics.median(timed(engine.run) for _ in range(60)))
        return {"tokens": len(sentences[index]), "rounds": result}

    def order(self):
        """Seconds of one set, in the file's order and sorted by length."""
        texts = read_set(self.options.data, "short", self.options.scale)
        by_length = sorted(texts, key=len)
        result = {p: {"file": [], "sorted": []} for p in PRECISIONS}
        for _ in range(self.options.rounds):
            for precision, engine in self.ours.items():
                for order, rows in (("file", texts), ("sorted", by_length)):
                    engine.feed(rows)
                    engine.seconds()
                    result[precision][order].append(engine.seconds())
        return result

    def memory(self):
        """In processes that do nothing else: over the process's own memory before loading, in bytes."""
        result = {}
        for precision in PRECISIONS:
            worker = Senvec(precision, self.model_dir, self.options.threads, self.work)
            worker.feed(read_set(self.options.data, "short", self.options.scale))
            worker.seconds()
            steady = worker.ask(op="memory")
            result[precision] = {"load_seconds": worker.loaded["seconds"], "steady": steady["rss"] - worker.base_rss,
                                 "peak_at_load": worker.loaded["peak"] - worker.base_rss}
            worker.close()
        return result

    def run(self):
        parts = self.options.parts
        result = {"model": self.model_dir.name, "threads": self.options.threads, "flop_per_token": self.flop_per_token()}
        for part in ("memory", "latency", "order"):
            if part in parts:
                result[part] = getattr(self, part)()
        result["sets"] = {name: self.run_set(name) for name in SETS if name in parts}
        for engine in list(self.ours.values()) + list(self.alone.values()):
            engine.close()
        return result


def merge(paths):
    """What several runs measured, by model; a ratio is still that of one round of one run."""
    results = {}
    for path in paths:
        for part in json.loads(path.read_text()):
            whole = results.setdefault(part["model"], part)
            assert part["threads"] == whole["threads"], f"{path}: another number of threads"
            whole["sets"].update(part["sets"])
            whole.update({key: part[key] for key in ("memory", "latency", "order") if key in part})
    for name, whole in results.items():
        lacking = [p for p in ("memory", "latency", "order") if p not in whole] + [s for s in SETS if s not in whole["sets"]]
        assert not lacking, f"{name}: nobody measured {', '.join(lacking)}"
        whole["sets"] = {set_name: whole["sets"][set_name] for set_name in SETS}
    return list(results.values())


def measure(options):
    results = []
    for model in options.models:
        with tempfile.TemporaryDirectory() as work:
            results.append(Bench(options, model, pathlib.Path(work)).run())
        if options.json:
            options.json.write_text(json.dumps(results))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=pathlib.Path,
                        default=[ROOT / "models/all-MiniLM-L6-v2", ROOT / "models/multilingual-e5-small"])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with stsb_en, mrpc_en and cranfield_en")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the sentences, to try the script")
    parser.add_argument("--peers", nargs="*", help="only these")
    parser.add_argument("--json", type=pathlib.Path, help="where all measurements go")
    parser.add_argument("--write", type=pathlib.Path, help="Markdown file whose encoder section is replaced")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="only these")
    parser.add_argument("--merge", nargs="*", type=pathlib.Path, help="measures nothing: what these --json files hold")
    options = parser.parse_args()
    results = merge(options.merge) if options.merge else measure(options)
    if not options.merge and set(options.parts) != set(PARTS):
        return
    from encoder_report import report
    text = report(results)
    print(text)
    if options.write:
        from encoder_report import write_section
        write_section(options.write, text, results)


if __name__ == "__main__":
    main()
