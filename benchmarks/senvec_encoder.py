"""Our encoder for benchmarks: the program encoder_worker, which is told what to do by lines of JSON."""
import json
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Senvec:
    def __init__(self, precision, model_dir, threads, work):
        self.name, self.work = f"Senvec {precision}", work
        self.process = subprocess.Popen([ROOT / "build/release/bin/encoder_worker"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.base_rss = self.ask(op="memory")["rss"]
        self.loaded = self.ask(op="load", model=str(model_dir), precision=precision, threads=threads)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def feed(self, texts):
        path = self.work / "texts.txt"
        path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        return self.ask(op="texts", path=str(path))

    def seconds(self):
        return self.ask(op="encode")["seconds"]

    def vectors(self):
        dim = self.ask(op="vectors", path=str(self.work / "rows.bin"))["dim"]
        return np.fromfile(self.work / "rows.bin", dtype=np.float32).reshape(-1, dim).astype(np.float64)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def lowest_cosine(vectors, expected):
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float((vectors * expected).sum(1).min())
