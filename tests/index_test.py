#!/usr/bin/env python3
"""Collections from the command line: built, killed and taken up, searched, changed, copied. index_test.py PROGRAM SOURCE_DIR"""
import array
import fcntl
import gzip
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from program import PROGRAM, SENTENCES, ProgramTest, load_npy, save_npy

KINDS = ("exact", "hnsw", "ivf", "auto")
WORDS = "reset resetting how do i my password parcel where is 重 置 密 码 a b c".split()


def texts(n, seed=1):
    """Sentences of the tiny model's words, hardly one twice."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(4, 20))) for _ in range(n)]


class IndexTest(ProgramTest):
    def build_arguments(self, corpus, output, *arguments):
        return ["index", "build", "--model", self.model, "--input", corpus, "--output", output, *arguments]

    def build(self, corpus, output, *arguments, code=0, stdin=None):
        return self.run_program(*self.build_arguments(corpus, output, *arguments), code=code, stdin=stdin)[1]

    def write(self, name, lines):
        path = self.folder / name
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    def content(self, index):
        """Documents and vectors of a collection, for comparing."""
        lines, vectors = self.folder / "x.jsonl", self.folder / "x.npy"
        self.run_program("index", "export", "--index", index, "--output", lines, "--vectors", vectors)
        return lines.read_bytes(), vectors.read_bytes()

    def search(self, index, *queries, k=3, arguments=()):
        out, _ = self.run_program("search", "--index", index, "--k", k, "--json", "--prompt", "passage", *arguments, *queries)
        return [json.loads(line)["hits"] for line in out.splitlines()]

    def start(self, *arguments, **options):
        return subprocess.Popen([PROGRAM, *map(str, arguments)], stderr=subprocess.DEVNULL, **options)

    def hidden(self, output):
        return output.parent / f".{output.name}.partial"

    # Building.

    def test_every_kind_is_built_and_searched(self):
        corpus = self.write("corpus.tsv", [f"d{i}\t{text or 'a'}" for i, text in enumerate(SENTENCES)])
        for kind in KINDS:
            index = self.folder / kind
            self.build(corpus, index, "--kind", kind)
            hits = self.search(index, "where is my parcel?", "重置密码")
            self.assertEqual([h[0]["id"] for h in hits], ["d2", "d3"])
            self.assertAlmostEqual(hits[0][0]["score"], 1, places=5)
            out, _ = self.run_program("search", "--index", index, "where is my parcel?")
            self.assertEqual(len(out.splitlines()), 6)
        self.assertIn("already", self.build(corpus, index, code=1))
        _, err = self.run_program("search", "--index", index, "--pooling", "cls", "q", code=1)
        self.assertIn("build the index again", err)

    def test_all_forms_of_a_corpus_give_the_same_collection(self):
        rows = texts(200)
        tsv = self.write("a.tsv", [f"{i + 1}\t{text}" for i, text in enumerate(rows)])
        forms = [tsv, self.write("b.txt", rows), self.write("c.jsonl", [json.dumps({"text": text}) for text in rows])]
        for path in list(forms):
            packed = path.with_name(path.name + ".gz")
            packed.write_bytes(gzip.compress(path.read_bytes()))
            forms.append(packed)
        expected = None
        for i, path in enumerate(forms):
            self.build(path, self.folder / f"i{i}")
            content = self.content(self.folder / f"i{i}")
            expected = expected or content
            self.assertEqual(content, expected, path.name)
        for i, (data, form) in enumerate([(tsv.read_bytes(), "tsv"), (gzip.compress(forms[1].read_bytes()), "txt")]):
            self.build("-", self.folder / f"s{i}", "--format", form, stdin=data)
            self.assertEqual(self.content(self.folder / f"s{i}"), expected)
        self.assertIn("--format", self.build("-", self.folder / "t", code=2, stdin=b""))

    def test_any_number_of_threads_gives_the_same_collection(self):
        corpus = self.write("corpus.txt", texts(700))
        self.build(corpus, self.folder / "one", "--threads", 1)
        self.build(corpus, self.folder / "five", "--threads", 5, "--memory", "64MB")
        self.assertEqual(self.content(self.folder / "one"), self.content(self.folder / "five"))

    def test_vectors_are_taken_as_they_are(self):
        rows = [[1, 0, 0], [0, 2, 0], [0, 0, -1], [3, 4, 0]]
        save_npy(self.folder / "v.npy", rows)
        (self.folder / "v.fvecs").write_bytes(b"".join(struct.pack("<i3f", 3, *row) for row in rows))
        ids = self.write("ids.txt", ["a", "b", "c", "d"])
        docs = self.write("docs.jsonl", [json.dumps({"id": i, "text": t, "metadata": {"n": n}}) for n, (i, t) in
                                         enumerate([("a", "x"), ("b", ""), ("c", ""), ("d", "")])])
        with_vectors = self.write("all.jsonl", [json.dumps({"id": i, "vector": row}) for i, row in zip("abcd", rows)])
        sources = [("--vectors", self.folder / "v.npy", "--ids", ids), ("--vectors", self.folder / "v.fvecs", "--ids", ids),
                   ("--vectors", self.folder / "v.npy", "--input", docs), ("--input", with_vectors)]
        for i, source in enumerate(sources):
            index = self.folder / f"i{i}"
            self.run_program("index", "build", *source, "--output", index, "--kind", "exact")
            out, _ = self.run_program("index", "get", "--index", index, "--vectors", "d", "a")
            first, second = map(json.loads, out.splitlines())
            self.assertEqual((first["id"], second["vector"]), ("d", [1, 0, 0]))
            self.assertAlmostEqual(first["vector"][0], 0.6, places=6)
        self.run_program("index", "build", "--vectors", self.folder / "v.npy", "--output", self.folder / "rows")
        self.run_program("index", "get", "--index", self.folder / "rows", "0", "3")
        out, _ = self.run_program("index", "get", "--index", self.folder / "i2", "a")
        self.assertEqual(json.loads(out)["metadata"], {"n": 0})
        _, err = self.run_program("search", "--index", self.folder / "i0", "q", code=1)
        self.assertIn("--model", err)
        short = self.write("short.jsonl", docs.read_text().splitlines()[:3])
        _, err = self.run_program("index", "build", "--vectors", self.folder / "v.npy", "--input", short, "--output", self.folder / "n", code=1)
        self.assertIn("fewer documents than the 4 vectors", err)
        self.run_program("index", "build", "--output", self.folder / "n", code=2)

    # Bad lines.

    def test_bad_lines_are_listed_with_number_and_reason(self):
        corpus = self.folder / "bad.jsonl"
        good = [json.dumps({"id": f"d{i}", "text": text}).encode() for i, text in enumerate(texts(300))]
        bad = {3: (b'{"text":', "not valid JSON"), 50: (b'{"id":"x"}', '"text" is missing'), 120: (b'{"id":"y","text":" "}', "no text"),
               121: (b'{"id":"d7","text":"again"}', 'id "d7" is that of line 9 already'), 299: (b'{"text":"\xff"}', "UTF-8"),
               300: (json.dumps({"id": "g", "text": "a", "group": "x" * 600}).encode(), "the group has 600 bytes")}
        lines = list(good)
        for number, (line, _) in sorted(bad.items()):
            lines.insert(number - 1, line)
        corpus.write_bytes(b"\n".join(lines) + b"\n")
        err = self.build(corpus, self.folder / "i")
        self.assertIn("6 of 306 lines were left out", err)
        rows = [line.split("\t") for line in (self.folder / "i.rejects.tsv").read_text(encoding="utf-8").splitlines()]
        self.assertEqual(rows[0], ["line", "id", "reason"])
        self.assertEqual([int(row[0]) for row in rows[1:]], sorted(bad))
        for row in rows[1:]:
            self.assertIn(bad[int(row[0])][1], row[2])
        clean = self.folder / "clean.jsonl"
        clean.write_bytes(b"\n".join(good) + b"\n")
        self.build(clean, self.folder / "c")
        self.assertEqual(self.content(self.folder / "i"), self.content(self.folder / "c"))
        self.assertFalse((self.folder / "c.rejects.tsv").exists())

    def test_strict_stops_at_the_first_bad_line_and_leaves_no_collection(self):
        corpus = self.write("bad.jsonl", ['{"text":"a"}', '{"no text":1}', '{"text":"b"}'])
        err = self.build(corpus, self.folder / "i", "--strict", code=1)
        self.assertIn("bad.jsonl: line 2: unknown key", err)
        self.assertFalse((self.folder / "i").exists())
        self.build(corpus, self.folder / "i")
        out, _ = self.run_program("index", "count", "--index", self.folder / "i")
        self.assertEqual(out, "2\n")

    def test_a_text_that_is_too_long_is_cut_or_left_out(self):
        corpus = self.write("long.tsv", ["short\ta b", "long\t" + "reset " * 100])
        self.assertIn("1 texts were longer than 32 tokens", self.build(corpus, self.folder / "cut"))
        self.assertIn("1 of 2 lines", self.build(corpus, self.folder / "out", "--strict-length", "--rejects", self.folder / "r.tsv"))
        self.assertIn("2\tlong\tthe text has 104 tokens; the model takes 32", (self.folder / "r.tsv").read_text())

    # Killed and taken up.

    def test_a_build_that_is_killed_again_and_again_comes_to_the_same(self):
        rows = texts(6000)
        lines = [json.dumps({"id": f"d{i}", "text": text, "metadata": {"n": i}}) for i, text in enumerate(rows)]
        for number in range(100, 6000, 500):
            lines.insert(number, '{"id":"d1","text":"again"}')
        plain = self.write("corpus.jsonl", lines)
        packed = self.folder / "corpus.jsonl.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        self.build(plain, self.folder / "whole", "--kind", "exact")
        expected = self.content(self.folder / "whole")
        rejects = (self.folder / "whole.rejects.tsv").read_bytes()
        for path in (plain, packed):
            output = self.folder / path.suffix[1:]
            kills = 0
            # Each run lives longer than the one before, so that one comes to the end.
            for attempt in range(200):
                process = self.start(*self.build_arguments(path, output, "--kind", "exact", "--threads", 2))
                try:
                    self.assertEqual(process.wait(timeout=0.02 * (attempt + 1)), 0)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    if output.exists():  # it had come to its end before the signal came
                        break
                    kills += 1
            self.assertGreaterEqual(kills, 3)
            self.assertTrue(output.exists())
            self.assertFalse(self.hidden(output).exists())
            self.assertEqual(self.content(output), expected)
            self.assertEqual((self.folder / f"{output.name}.rejects.tsv").read_bytes(), rejects)

    def unfinished(self, lines):
        """A build of a pipe that was killed when it had read `lines` of them, more than a pipe holds; path and output."""
        pipe, output = self.folder / "pipe.tsv", self.folder / "data/index"
        os.mkfifo(pipe)
        process = self.start(*self.build_arguments(pipe, output))
        with open(pipe, "wb", buffering=0) as out:
            for line in lines:
                out.write(line.encode() + b"\n")
            deadline = time.monotonic() + 60
            while not any(path.stat().st_size > 20000 for path in self.hidden(output).rglob("*.log")):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
        pipe.unlink()
        return output

    def test_another_input_and_other_flags_are_refused_by_name(self):
        lines = [f"d{i}\t{text}" for i, text in enumerate(texts(3000))]
        output = self.unfinished(lines)
        self.assertTrue(self.hidden(output).exists())
        changed = self.write("changed.tsv", ["d0\tanother text"] + lines[1:])
        err = self.build(changed, output, code=1)
        self.assertIn("is not what the unfinished build", err)
        self.assertIn("--restart", err)
        corpus = self.write("corpus.tsv", lines)
        err = self.build(corpus, output, "--kind", "exact", code=1)
        self.assertIn("--kind was auto and is exact", err)
        self.assertIn("--restart", err)
        self.assertIn("--prompt was passage:  and is not given", self.build(corpus, output, "--prompt", "none", code=1))
        self.assertIn("going on after record", self.build(corpus, output))
        self.build(corpus, self.folder / "whole")
        self.assertEqual(self.content(output), self.content(self.folder / "whole"))

    def test_restart_begins_anew(self):
        output = self.unfinished([f"d{i}\t{text}" for i, text in enumerate(texts(3000))])
        corpus = self.write("corpus.tsv", ["a\treset my password"])
        self.assertNotIn("going on", self.build(corpus, output, "--restart"))
        out, _ = self.run_program("index", "count", "--index", output)
        self.assertEqual(out, "1\n")
        self.assertEqual(sorted(p.name for p in output.parent.iterdir()), ["index"])

    def test_two_builds_of_one_output_do_not_meet(self):
        pipe, output = self.folder / "pipe.tsv", self.folder / "index"
        os.mkfifo(pipe)
        process = self.start(*self.build_arguments(pipe, output))
        with open(pipe, "wb", buffering=0) as out:
            out.write(b"a\treset\n")
            while not (self.hidden(output) / "COLLECTION.json").exists():
                time.sleep(0.01)
            corpus = self.write("corpus.tsv", ["a\treset my password"])
            for flags in ((), ("--restart",)):
                self.assertIn(f"process id {process.pid}", self.build(corpus, output, *flags, code=1))
        self.assertEqual(process.wait(timeout=60), 0)

    # Everything else.

    def test_filters_scores_and_groups(self):
        corpus = self.write("corpus.jsonl", [json.dumps({"id": f"d{i}", "text": text, "group": f"g{i % 2}", "metadata": {"n": i}})
                                             for i, text in enumerate(texts(50))])
        index = self.folder / "index"
        self.build(corpus, index)
        (hits,) = self.search(index, "reset my password", k=50, arguments=("--filter", "n >= 40"))
        self.assertEqual({hit["id"] for hit in hits}, {f"d{i}" for i in range(40, 50)})
        self.assertEqual({hit["group"] for hit in hits}, {"g0", "g1"})
        (best,) = self.search(index, "reset my password", k=50, arguments=("--min-score", hits[3]["score"], "--filter", "n >= 40"))
        self.assertEqual([hit["id"] for hit in best], [hit["id"] for hit in hits[:4]])
        self.assertIn("[g", self.run_program("search", "--index", index, "reset")[0])
        out, _ = self.run_program("index", "count", "--index", index, "--filter", "n < 7")
        self.assertEqual(out, "7\n")
        _, err = self.run_program("search", "--index", index, "--filter", "n <", "q", code=1)
        self.assertIn("filter", err)
        self.run_program("search", "--index", index, "--min-score", "x", "q", code=2)
        out, _ = self.run_program("index", "delete", "--index", index, "--filter", "n < 7")
        self.assertEqual(out, "7\n")
        out, _ = self.run_program("index", "delete", "--index", index, "d7", "unknown")
        self.assertEqual(out, "1\n")
        _, err = self.run_program("index", "get", "--index", index, "d8", "d7", code=1)
        self.assertIn("there is no document d7", err)
        self.run_program("index", "delete", "--index", index, code=2)
        info = json.loads(self.run_program("index", "info", "--index", index, "--json")[0])
        self.assertEqual(info["documents"], 42)
        self.run_program("index", "optimize", "--index", index)
        info = json.loads(self.run_program("index", "info", "--index", index, "--json")[0])
        self.assertEqual((info["documents"], info["segments"], info["removed_rows"]), (42, 1, 0))

    def test_what_is_exported_is_imported_as_it_was(self):
        corpus = self.write("corpus.jsonl", [json.dumps({"id": f"d{i}", "text": text, "group": f"g{i % 2}", "metadata": {"n": [i]}})
                                             for i, text in enumerate(texts(100))])
        index = self.folder / "index"
        self.build(corpus, index)
        lines, vectors, both = self.folder / "o.jsonl", self.folder / "o.npy", self.folder / "both.jsonl"
        self.run_program("index", "export", "--index", index, "--output", lines, "--vectors", vectors)
        self.run_program("index", "export", "--index", index, "--output", both)
        self.assertEqual(len(load_npy(vectors)), 100)
        self.run_program("index", "build", "--model", self.model, "--input", lines, "--vectors", vectors, "--output", self.folder / "a")
        self.run_program("index", "build", "--model", self.model, "--input", both, "--output", self.folder / "b")
        self.build(self.write("one.tsv", ["d5\treset", "x\treset"]), self.folder / "c")
        self.run_program("index", "import", "--index", self.folder / "c", "--input", lines, "--vectors", vectors)
        self.run_program("index", "delete", "--index", self.folder / "c", "x")
        self.build(self.write("one.tsv", ["x\treset"]), self.folder / "d")
        self.run_program("index", "import", "--index", self.folder / "d", "--input", corpus)
        self.run_program("index", "delete", "--index", self.folder / "d", "x")
        expected_lines, expected_vectors = self.content(index)
        for name in "abcd":
            documents, rows = self.content(self.folder / name)
            self.assertEqual(documents, expected_lines, name)
            # A vector of length 1 is made one of length 1 again, which may change its last bit.
            if name == "d":
                self.assertEqual(rows, expected_vectors)
            values = array.array("f", rows[128:]), array.array("f", expected_vectors[128:])
            self.assertLess(max(abs(x - y) for x, y in zip(*values)), 1e-6)
        part, _ = self.run_program("index", "export", "--index", index, "--filter", "n = 3")
        self.assertEqual([json.loads(line)["id"] for line in part.splitlines()], ["d3"])
        bad = self.write("bad.tsv", ["y\treset", "no tab"])
        _, err = self.run_program("index", "import", "--index", index, "--input", bad, code=1)
        self.assertIn("bad.tsv: line 2: has 0 tabs", err)
        self.run_program("index", "import", "--index", index, "--input", bad, "--rejects", self.folder / "r.tsv")
        self.assertIn("2\t\thas 0 tabs", (self.folder / "r.tsv").read_text())

    def test_a_snapshot_is_restored_and_a_damaged_one_refused(self):
        index, snapshot = self.folder / "index", self.folder / "backup/monday"
        self.build(self.write("corpus.txt", texts(100)), index)
        (self.folder / "backup").mkdir()
        self.run_program("index", "snapshot", "--index", index, "--output", snapshot)
        content = self.content(index)
        self.run_program("index", "delete", "--index", index, "1", "2", "3")
        self.run_program("index", "restore", "--snapshot", snapshot, "--output", self.folder / "again")
        self.assertEqual(self.content(self.folder / "again"), content)
        self.run_program("index", "snapshot", "--index", index, "--output", snapshot, code=1)
        victim = next((snapshot / "segments").iterdir())
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.unlink()  # it may be shared with the collection
        victim.write_bytes(data)
        _, err = self.run_program("index", "restore", "--snapshot", snapshot, "--output", self.folder / "bad", code=1)
        self.assertIn(victim.name, err)
        self.assertFalse((self.folder / "bad").exists())

    def test_two_searches_share_a_folder_that_cannot_be_written(self):
        index = self.folder / "index"
        self.build(self.write("corpus.tsv", ["a\treset my password"]), index)
        with open(index / "LOCK") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)  # as another search does
            files = [path for path in index.rglob("*")]
            before = {path: path.stat().st_mtime_ns for path in files}
            out, _ = self.run_program("search", "--index", index, "reset")
            self.assertIn("reset my password", out)
            self.assertEqual({path: path.stat().st_mtime_ns for path in index.rglob("*")}, before)


if __name__ == "__main__":
    unittest.main()
