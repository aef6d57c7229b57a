#!/usr/bin/env python3
"""The program from outside: forms of input and output, exit codes, a server's life. cli_test.py PROGRAM SOURCE_DIR"""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from program import PROGRAM, SENTENCES, ProgramTest, float32, load_npy, norm


class CliTest(ProgramTest):
    def embed(self, *arguments):
        output = self.folder / "out.npy"
        self.run_program("embed", "--model", self.model, "--input", self.input, "--output", output, *arguments)
        return load_npy(output)

    def test_tokenize_prints_one_object_a_line(self):
        out, _ = self.run_program("tokenize", "--model", self.model, stdin="reset parcel\n\n重置\n".encode())
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([len(row["ids"]) for row in rows], [4, 2, 4])
        self.assertEqual(set(rows[0]), {"ids", "truncated"})
        out, _ = self.run_program("tokenize", "--model", self.model, "--max-tokens", 3, "--tokens", stdin="reset parcel\n".encode())
        row = json.loads(out)
        self.assertEqual((row["truncated"], row["tokens"]), (1, ["[CLS]", "reset", "[SEP]"]))
        self.assertEqual((row["offsets"][1], row["type_ids"]), ([0, 5], [0, 0, 0]))

    def test_tokenize_cuts_where_the_model_does_unless_told_otherwise(self):
        text = ("reset " * 100).encode()
        limit = json.loads((self.model / "config.json").read_text())["max_position_embeddings"]
        cut = json.loads(self.run_program("tokenize", "--model", self.model, stdin=text)[0])
        self.assertEqual((len(cut["ids"]), cut["truncated"]), (limit, 102 - limit))
        out, _ = self.run_program("embed", "--model", self.model, stdin=text)
        self.assertEqual((json.loads(out)["tokens"], json.loads(out)["truncated"]), (limit, 102 - limit))
        whole = json.loads(self.run_program("tokenize", "--model", self.model, "--no-truncation", stdin=text)[0])
        self.assertEqual((len(whole["ids"]), whole["truncated"]), (102, 0))
        self.run_program("tokenize", "--model", self.model, "--no-truncation", "--max-tokens", 5, code=2)
        self.run_program("tokenize", "--model", self.model, "--max-tokens", 1, code=2)

    def test_tokenize_reads_pairs(self):
        out, _ = self.run_program("tokenize", "--model", self.model, "--pairs", "--tokens", stdin="reset\tmy 密码\n".encode())
        row = json.loads(out)
        self.assertEqual(row["tokens"], ["[CLS]", "reset", "[SEP]", "my", "密", "码", "[SEP]"])
        self.assertEqual(row["type_ids"], [0, 0, 0, 1, 1, 1, 1])
        self.assertEqual(row["offsets"], [[0, 0], [0, 5], [0, 0], [0, 2], [3, 6], [6, 9], [0, 0]])
        _, err = self.run_program("tokenize", "--model", self.model, "--pairs", stdin=b"reset\n", code=1)
        self.assertIn("line 1: expected text TAB text", err)

    def test_without_model_the_one_of_the_environment_is_taken(self):
        def run(*arguments, model, code=0):
            result = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=300,
                                    env={**os.environ, "SENVEC_MODEL": str(model)})
            self.assertEqual(result.returncode, code, result.stderr.decode())
            return result.stdout.decode(), result.stderr.decode()

        texts = self.folder / "texts.txt"
        texts.write_text("reset my password\nwhere is my parcel\n")
        wanted, _ = self.run_program("embed", "--model", self.model, "--input", texts)
        self.assertEqual(run("embed", "--input", texts, model=self.model)[0], wanted)
        self.assertIn(str(self.model), run("model", "info", model=self.model)[0])
        run("index", "build", "--input", texts, "--output", self.folder / "collection", model=self.model)
        # The collection remembers it.
        out, _ = self.run_program("search", "--index", self.folder / "collection", "where is my parcel")
        self.assertIn("where is my parcel", out)
        # Without it, the one that stands where a build's or an installation's would.
        for program, share in (("tree/build/release/bin", "tree/share/models"), ("usr/bin", "usr/share/senvec/models")):
            (self.folder / program).mkdir(parents=True)
            shutil.copy(PROGRAM, self.folder / program / "senvec")
            shutil.copytree(self.model, self.folder / share / "senvec-zh-small")
            result = subprocess.run([self.folder / program / "senvec", "embed", "--input", texts], capture_output=True,
                                    timeout=300, env={k: v for k, v in os.environ.items() if k != "SENVEC_MODEL"})
            self.assertEqual(result.stdout.decode(), wanted, result.stderr.decode())
        # Where there is none, commands say how to name one.
        (self.folder / "alone").mkdir()
        shutil.copy(PROGRAM, self.folder / "alone/senvec")
        result = subprocess.run([self.folder / "alone/senvec", "embed", "--input", texts], capture_output=True, text=True,
                                timeout=300, env={k: v for k, v in os.environ.items() if k != "SENVEC_MODEL"})
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("give --model DIR", result.stderr)
        _, err = run("embed", "--input", texts, model=self.folder / "nowhere", code=2)
        self.assertIn("SENVEC_MODEL", err)
        self.assertIn("nowhere", err)

    def test_flags_that_a_server_would_ignore_are_refused(self):
        for flag in (["--pooling", "cls"], ["--whitening", "w"], ["--max-tokens", 3], ["--precision", "fp32"], ["--threads", 1]):
            _, err = self.run_program("embed", "--server", "127.0.0.1:1", *flag, code=2, stdin=b"")
            self.assertIn(f"{flag[0]}: with --server", err)
            _, err = self.run_program("search", "--server", "127.0.0.1:1", "--collection", "c", *flag, "q", code=2)
            self.assertIn(f"{flag[0]}: with --server", err)
        for flag in (["--prompt", "none"], ["--model", self.model]):
            _, err = self.run_program("search", "--server", "127.0.0.1:1", "--collection", "c", *flag, "q", code=2)
            self.assertIn(f"{flag[0]}: with --server", err)
        _, err = self.run_program("search", "--index", "i", "--collection", "c", "q", code=2)
        self.assertIn("--collection: it goes with --server", err)

    def test_embed_writes_npy_and_jsonl_with_the_same_values(self):
        rows = self.embed()
        self.assertEqual((len(rows), len(rows[0])), (5, 24))
        out, _ = self.run_program("embed", "--model", self.model, "--input", self.input)
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["index"] for line in lines], [0, 1, 2, 3, 4])
        self.assertEqual([[float32(x) for x in line["vector"]] for line in lines], rows)

    def test_embed_gives_the_same_bits_with_any_number_of_threads_and_in_any_company(self):
        rows = self.embed("--threads", 1)
        self.assertEqual(self.embed("--threads", 3), rows)
        self.input.write_text(SENTENCES[2] + "\n", encoding="utf-8")
        self.assertEqual(self.embed()[0], rows[2])

    def test_embed_options_change_what_they_say(self):
        plain = self.embed()
        self.assertNotEqual(self.embed("--prompt", "query"), plain)
        self.assertEqual(self.embed("--prompt", "none"), plain)
        for pooling in ("cls", "max", "last", "pooler", "first_last_avg"):
            self.assertNotEqual(self.embed("--pooling", pooling), plain, pooling)
        self.assertEqual(self.embed("--pooling", "mean"), plain)
        self.assertNotEqual(self.embed("--max-tokens", 3), plain)

    def test_whitening_is_fitted_applied_and_refused_for_another_pooling(self):
        white = self.folder / "w.safetensors"
        self.run_program("whiten", "fit", "--model", self.model, "--input", self.input, "--output", white, "--k", 3)
        rows = self.embed("--whitening", white)
        self.assertEqual((len(rows), len(rows[0])), (5, 3))
        for row in rows:
            self.assertAlmostEqual(norm(row), 1, places=6)
        raw = self.folder / "raw.npy"
        self.embed("--no-normalize")
        (self.folder / "out.npy").rename(raw)
        out = self.folder / "white.npy"
        self.run_program("whiten", "apply", "--whitening", white, "--input", raw, "--output", out)
        for applied, row in zip(load_npy(out), rows):
            for a, b in zip(applied, row):
                self.assertAlmostEqual(a, b, places=6)
        _, err = self.run_program("embed", "--model", self.model, "--pooling", "cls", "--whitening", white, "--input", self.input, code=1)
        self.assertIn("whiten fit", err)

    def test_eval_sts_agrees_with_a_calculation_from_the_vectors(self):
        rows = self.embed()
        pairs = [(0, 2, 1.0), (0, 3, 4.0), (2, 3, 2.0), (0, 4, 0.5), (3, 4, 3.0)]
        lines = self.folder / "pairs.tsv"
        lines.write_text("".join(f"{SENTENCES[a]}\t{SENTENCES[b]}\t{score}\n" for a, b, score in pairs), encoding="utf-8")
        out, _ = self.run_program("eval", "sts", "--model", self.model, "--input", lines, "--json")
        cosines = [sum(x * y for x, y in zip(rows[a], rows[b])) / norm(rows[a]) / norm(rows[b]) for a, b, _ in pairs]
        rank = lambda values: [sorted(values).index(v) for v in values]
        distance = sum((a - b) ** 2 for a, b in zip(rank(cosines), rank([score for _, _, score in pairs])))
        # Without ties Spearman's rho is 1 - 6 sum d^2 / (n^3 - n).
        self.assertAlmostEqual(json.loads(out)["spearman"], 1 - 6 * distance / (5 ** 3 - 5), places=9)

    def evaluation_files(self):
        words = ["reset", "parcel", "重", "置", "密", "码", "a", "b", "c"]
        data = self.folder / "sets"
        (data / "faq/qrels").mkdir(parents=True)
        for name, shift in (("dev", 1), ("test", 2)):
            lines = "".join(f"{w} {v}\t{v} {words[(i + shift) % 9]}\t{int(i % 3 == 0)}\n" for i, w in enumerate(words) for v in words[:4])
            (data / f"{name}.tsv").write_text(lines, encoding="utf-8")
            lines = "".join(f"{w} {v}\t{'latin' if w.isascii() else 'han'}\n" for i, w in enumerate(words) for v in words[shift:shift + 3])
            (data / f"intents_{name}.tsv").write_text(lines, encoding="utf-8")
        (data / "faq/corpus.jsonl").write_text("".join(json.dumps({"_id": w, "title": w, "text": f"{w} ."}) + "\n" for w in words), encoding="utf-8")
        (data / "faq/queries.jsonl").write_text("".join(json.dumps({"_id": f"q{i}", "text": f"where is {w} ?"}) + "\n" for i, w in enumerate(words)), encoding="utf-8")
        (data / "faq/qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"q{i}\t{w}\t1\n" for i, w in enumerate(words)), encoding="utf-8")
        suite = self.folder / "suite.json"
        suite.write_text(json.dumps({"name": "all of it", "description": "of every kind", "tasks": [
            {"name": "pairs", "kind": "pairs", "dev": "dev.tsv", "test": "test.tsv"}, {"name": "faq", "kind": "retrieval", "test": "faq"},
            {"name": "intents", "kind": "intents", "dev": "intents_dev.tsv", "test": "intents_test.tsv"}]}))
        return data, suite

    def test_an_evaluation_on_a_server_writes_the_report_of_one_here(self):
        data, suite = self.evaluation_files()
        common = ["--suite", suite, "--data", data, "--resamples", 30]
        here, there = self.folder / "here", self.folder / "there"
        local, _ = self.run_program("eval", "all", "--model", self.model, *common, "--report", here)
        process, address = self.serve()
        remote, _ = self.run_program("eval", "all", "--server", address, *common, "--report", there)
        self.assertEqual(local, remote)
        self.assertEqual(sorted(p.name for p in there.iterdir()), ["items.json", "report.html", "report.json", "report.md"])
        reports = [json.loads((folder / "report.json").read_text()) for folder in (here, there)]
        self.assertEqual(reports[0]["tasks"], reports[1]["tasks"])
        self.assertEqual(reports[0]["model"], reports[1]["model"])
        self.assertIn("--server", reports[1]["command"])
        self.assertEqual((here / "items.json").read_bytes(), (there / "items.json").read_bytes())
        out, _ = self.run_program("eval", "compare", here, there)
        self.assertIn("+0.0000", out)
        for kind, arguments in (("pairs", ["--data", data / "test.tsv", "--dev", data / "dev.tsv"]), ("retrieval", ["--data", data / "faq"]),
                                ("intents", ["--data", data / "intents_test.tsv", "--dev", data / "intents_dev.tsv"]),
                                ("sts", ["--data", data / "test.tsv"])):
            local, _ = self.run_program("eval", kind, "--model", self.model, *arguments, "--resamples", 30)
            remote, _ = self.run_program("eval", kind, "--server", address, *arguments, "--resamples", 30)
            self.assertEqual(local, remote, kind)

    def test_an_evaluation_on_a_server_names_what_is_wrong(self):
        data, suite = self.evaluation_files()
        for flag in (["--model", self.model], ["--cache", "c"], ["--whitening", "w"], ["--precision", "int8"]):
            self.run_program("eval", "pairs", "--server", "127.0.0.1:1", "--data", data / "test.tsv", *flag, code=2)
        _, err = self.run_program("eval", "pairs", "--server", "127.0.0.1:1", "--data", data / "test.tsv", code=1)
        self.assertIn("cannot be reached", err)
        config = self.folder / "senvec.json"
        config.write_text(json.dumps({"max_evaluation_texts": 10}))
        _, address = self.serve("--config", config)
        _, err = self.run_program("eval", "pairs", "--server", address, "--data", data / "test.tsv", code=1)
        self.assertIn("max_evaluation_texts", err)
        (data / "faq/qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\tnowhere\t1\n")
        _, err = self.run_program("eval", "retrieval", "--server", address, "--data", data / "faq", code=1)
        self.assertIn('qrels/test.tsv: line 2: the corpus lacks the id "nowhere"', err)
        (data / "test.tsv").write_text("a\tb\tnan\n")
        _, err = self.run_program("eval", "pairs", "--server", address, "--data", data / "test.tsv", code=1)
        self.assertIn('test.tsv: 1 bad line: line 1: score "nan"', err)

    def grouped_files(self):
        corpus, queries = self.folder / "corpus.tsv", self.folder / "queries.tsv"
        words = ["reset", "parcel", "重", "置", "密", "码", "a", "b", "c"]
        corpus.write_text("".join(f"{w}1\t{w} {w} ?\t{w}\n{w}2\t{w} .\t{w}\n" for w in words[:6]), encoding="utf-8")
        queries.write_text("".join(f"{w} {w} {end}\t{w if i < 6 else 'none'}\n"
                                   for i, w in enumerate(words) for end in ("", ".", "?", "where", "is")), encoding="utf-8")
        return corpus, queries

    def test_calibration_writes_a_file_that_repeats_to_the_byte(self):
        corpus, queries = self.grouped_files()
        files = [self.folder / name for name in ("first.json", "second.json")]
        for file in files:
            out, _ = self.run_program("eval", "calibrate", "--model", self.model, "--corpus", corpus, "--input", queries,
                                      "--output", file, "--target-precision", "0.5", "--json")
        self.assertEqual(files[0].read_bytes(), files[1].read_bytes())
        scoring, report = json.loads(files[0].read_text()), json.loads(out)
        self.assertEqual(report["scoring"], scoring)
        self.assertEqual((report["queries"], report["answerable"], report["documents"], report["classes"]), (45, 30, 12, 6))
        self.assertEqual([s["name"] for s in report["scorers"]], ["cosine", "margin-published", "margin", "margin-background"])
        self.assertEqual(scoring["candidates"], 100)
        text, _ = self.run_program("eval", "calibrate", "--model", self.model, "--corpus", corpus, "--input", queries,
                                   "--output", files[0], "--target-precision", "0.5", "--group-score", "prototype", "--no-background")
        self.assertIn("chosen: margin", text)
        self.assertEqual(json.loads(files[0].read_text())["group_score"], "prototype")

    def test_calibration_takes_a_collection_and_its_ids(self):
        corpus = self.folder / "plain.tsv"
        corpus.write_text("".join(f"{w}1\t{w} {w} ?\n" for w in "abc"), encoding="utf-8")
        index, queries = self.folder / "index", self.folder / "queries.tsv"
        self.run_program("index", "build", "--model", self.model, "--input", corpus, "--output", index)
        queries.write_text("".join(f"{w} {end}\t{w}1\n" for w in "abc" for end in (".", "?", w)) + "parcel\tnone\n")
        out, _ = self.run_program("eval", "calibrate", "--index", index, "--input", queries, "--output", self.folder / "s.json",
                                  "--target-precision", "0.1", "--json")
        self.assertEqual(json.loads(out)["classes"], 3)

    def test_calibration_names_file_line_and_fault(self):
        corpus, queries = self.grouped_files()
        arguments = ["eval", "calibrate", "--model", self.model, "--corpus", corpus, "--input", queries, "--output",
                     self.folder / "s.json"]
        self.run_program(*arguments[:-2], code=2)
        self.run_program("eval", "calibrate", "--input", queries, "--output", "s.json", code=2)
        for text, fault in (("a\n", "line 1: expected text TAB group"), ("", "there is no text in it"),
                            ("a\treset\nb\tstrange\n", 'line 2: no document has the group "strange"'),
                            ("a\treset\nb\tnone\n", "calibration needs at least 2"), ("a\tnone\n", "1 queries, 0 of them")):
            queries.write_text(text)
            _, err = self.run_program(*arguments, code=1)
            self.assertIn(fault, err)
        self.assertFalse((self.folder / "s.json").exists())

    def test_classifier_is_fitted_and_applied(self):
        _, texts = self.grouped_files()
        classifier = self.folder / "intents.svc"
        _, err = self.run_program("classify", "fit", "--model", self.model, "--input", texts, "--output", classifier, "--prompt", "query")
        self.assertIn("7 labels from 45 texts, 5 to 15 each", err)
        apply = ["classify", "apply", "--model", self.model, "--classifier", classifier]
        out, err = self.run_program(*apply, "--input", texts, "--labelled")
        self.assertEqual(len(out.splitlines()), 45)
        self.assertGreater(float(err.split("accuracy ")[1].split(":")[0]), 0.5)
        out, _ = self.run_program(*apply, "--input", "-", "--json", "--k", "3", "--can", stdin="reset reset\n重\n".encode())
        first = json.loads(out.splitlines()[0])
        self.assertEqual(first["text"], "reset reset")
        self.assertEqual(len(first["labels"]), 3)
        self.assertGreaterEqual(first["labels"][0]["probability"], first["labels"][1]["probability"])
        out, _ = self.run_program(*apply, "--input", "-", "--min-probability", "1", stdin=b"a parcel\n")
        self.assertTrue(out.startswith("-\t"))
        _, err = self.run_program(*apply, "--pooling", "cls", "--input", "-", stdin=b"a\n", code=1)
        self.assertIn("fit again", err)

    def test_classifier_names_file_line_and_fault(self):
        texts, classifier = self.folder / "t.tsv", self.folder / "c"
        fit = ["classify", "fit", "--model", self.model, "--input", texts, "--output", classifier]
        for text, fault in (("a\tx\nb\n", "t.tsv: line 2: expected text TAB group"), ("a\tx\nb\tx\n", 'have the label "x"'),
                            ("a\t\n", "line 1: the group is empty"), ("", "there is no text in it"),
                            ("a\tx\nb\ty\n", "give at least one label two different texts")):
            texts.write_text(text)
            _, err = self.run_program(*fit, code=1)
            self.assertIn(fault, err)
        self.assertFalse(classifier.exists())
        classifier.write_text("no classifier")
        _, err = self.run_program("classify", "apply", "--model", self.model, "--classifier", classifier, "--input", "-", stdin=b"a\n", code=1)
        self.assertIn("does not begin as one", err)

    def test_similarity_of_a_sentence_with_itself_is_one(self):
        out, _ = self.run_program("similarity", "--model", self.model, "reset", "reset", "parcel")
        self.assertEqual(out.splitlines()[0].split("\t"), ["1.000000", "reset", "reset"])

    def test_wrong_usage_is_2_and_failure_is_1(self):
        self.run_program("embed", "--model", self.model, "--pooling", "median", code=2)
        self.run_program("embed", "--model", self.model, "--prompt", "title", "--input", self.input, code=2)
        self.run_program("embed", "--model", self.model, "--output", "x.csv", "--input", self.input, code=2)
        self.run_program("search", "q", code=2)
        self.run_program("embed", "--model", self.folder / "nothing", "--input", self.input, code=1)
        self.run_program("embed", "--model", self.model, "--input", self.folder / "nothing", code=1)
        _, err = self.run_program("search", "--index", self.folder, "q", code=1)
        self.assertIn("index build", err)

    def test_invalid_utf8_and_nul_bytes_are_sentences(self):
        self.input.write_bytes(b"\xff\xfe\n\x00\nreset\n")
        self.assertEqual(len(self.embed()), 3)

    def test_serve_answers_and_ends_well_on_sigterm(self):
        corpus = self.folder / "corpus.txt"
        corpus.write_text("reset my password\nwhere is my parcel?\n")
        self.run_program("index", "build", "--model", self.model, "--input", corpus, "--output", self.folder / "data/faq")
        process, address = self.serve()
        out, _ = self.run_program("health", "--server", address)
        self.assertEqual(out, "SERVING\n")
        remote, _ = self.run_program("search", "--server", address, "--collection", "faq", "--k", 2, "where is my parcel?")
        self.assertEqual(len(remote.splitlines()), 3)
        rows = [self.folder / "here.npy", self.folder / "there.npy"]
        self.run_program("embed", "--model", self.model, "--prompt", "query", "--input", corpus, "--output", rows[0])
        self.run_program("embed", "--server", address, "--prompt", "query", "--input", corpus, "--output", rows[1])
        self.assertEqual(rows[0].read_bytes(), rows[1].read_bytes())
        _, err = self.run_program("search", "--server", address, "--collection", "fqa", "q", code=1)
        self.assertIn("there are: faq", err)
        _, err = self.run_program("doctor", "--data", self.folder / "data", "--listen", address, code=1)
        self.assertIn("2 faults", err)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertIn("closed", process.stderr.read())
        local, _ = self.run_program("search", "--index", self.folder / "data/faq", "--k", 2, "where is my parcel?")
        self.assertEqual(local, remote)
        self.run_program("health", "--server", address, "--timeout", "0.2", code=1)

    def test_serve_tells_a_taken_port_and_a_locked_folder(self):
        _, address = self.serve()
        _, err = self.run_program("serve", "--model", self.model, "--data", self.folder / "data", code=1)
        self.assertIn("in use by another process", err)
        _, err = self.run_program("serve", "--model", self.model, "--data", self.folder / "other", "--listen", address, code=1)
        self.assertIn("--listen", err)

    def doctor(self, *arguments, faults, listen="127.0.0.1:0", env=None):
        """Lines of the report by what they are about, with the remedy where there is a fault."""
        result = subprocess.run([PROGRAM, "doctor", "--listen", listen, *map(str, arguments)], capture_output=True,
                                text=True, env={**os.environ, **(env or {})}, timeout=300)
        self.assertEqual(result.returncode, 1 if faults else 0, result.stdout + result.stderr)
        self.assertEqual(result.stdout.count("FAULT "), faults, result.stdout)
        report, about = {}, None
        for line in result.stdout.splitlines():
            if not line.startswith("      remedy: "):
                about = line[6:].split(":")[0]
            report[about] = report.get(about, "") + line + "\n"
        return report

    def test_doctor_finds_nothing_wrong_with_a_good_machine(self):
        report = self.doctor("--model", self.model, "--data", self.folder / "data", faults=0)
        self.assertEqual(list(report), ["CPU", "libraries", "model", "data", "port"])
        for library in ("gRPC 1.", "protobuf 3.", "OpenBLAS 0."):
            self.assertIn(library, report["libraries"])
        self.assertIn("loads and encodes", report["model"])

    def test_doctor_tells_each_fault_and_its_remedy(self):
        slow = self.doctor(faults=1, env={"SENVEC_ISA": "baseline"})["CPU"]
        self.assertIn("remedy: unset SENVEC_ISA", slow)
        for name in ("config.json", "model.safetensors", "vocab.txt"):
            part = self.folder / "part"
            shutil.copytree(self.model, part)
            (part / name).unlink()
            report = self.doctor("--model", part, faults=1)["model"]
            self.assertIn(name, report)
            self.assertIn("remedy: fetch it again with scripts/get-model.sh", report)
            shutil.rmtree(part)
        nowhere = self.doctor(faults=1, env={"SENVEC_MODEL": str(self.folder / "nowhere")})["model"]
        self.assertIn("SENVEC_MODEL", nowhere)
        # Whoever runs the tests, root too, cannot make folders in these places.
        self.assertIn("remedy: name a --data that is a folder", self.doctor("--data", self.input, faults=1)["data"])
        self.assertIn("remedy: ", self.doctor("--data", "/proc/senvec", faults=1)["data"])
        data = self.folder / "data"
        process, address = self.serve()
        locked = self.doctor("--data", data, faults=1)["data"]
        self.assertIn(f"process id {process.pid}", locked)
        self.assertIn("remedy: stop that process", locked)
        self.assertNotIn("write", locked)
        taken = self.doctor(listen=address, faults=1)["port"]
        self.assertIn("is taken", taken)
        self.assertIn("remedy: choose another with --listen", taken)
        self.assertIn("is not HOST:PORT", self.doctor(listen="7411", faults=1)["port"])
        self.assertIn("remedy: choose an address of this machine", self.doctor(listen="192.0.2.1:7411", faults=1)["port"])

    def test_doctor_names_a_damaged_collection(self):
        corpus = self.folder / "corpus.txt"
        corpus.write_text("reset\n")
        self.run_program("index", "build", "--model", self.model, "--input", corpus, "--output", self.folder / "data/faq")
        (self.folder / "data/faq/COLLECTION.json").write_text("{")
        report = self.doctor("--data", self.folder / "data", faults=1)["data"]
        self.assertIn("collection faq", report)
        self.assertIn("remedy: restore", report)

    def test_serve_reads_its_configuration(self):
        config = self.folder / "senvec.json"
        config.write_text(json.dumps({"max_k": 3}))
        _, address = self.serve("--config", config)
        config.write_text('{"max_kk": 3}')
        _, err = self.run_program("serve", "--config", config, code=1)
        self.assertIn("max_kk", err)
        _, err = self.run_program("serve", "--model", self.model, code=2)
        self.assertIn("--data", err)


if __name__ == "__main__":
    unittest.main()
