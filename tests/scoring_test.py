#!/usr/bin/env python3
"""Margin scoring, groups and hub corrections from outside: calibrated, kept, searched here and over a server.
scoring_test.py PROGRAM SOURCE_DIR"""
import json
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from program import ProgramTest, load_npy

WORDS = ["reset", "parcel", "重", "置", "密", "码"]
NONE = ["a", "b", "c"]


class ScoringTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.index = self.folder / "data" / "faq"
        self.index.parent.mkdir()
        corpus, self.queries = self.folder / "corpus.tsv", self.folder / "queries.tsv"
        corpus.write_text("".join(f"{w}1\t{w} {w} ?\t{w}\n{w}2\t{w} .\t{w}\n" for w in WORDS) + "lone\tmy my\n", encoding="utf-8")
        self.queries.write_text("".join(f"{w} {w} {end}\t{w if w in WORDS else 'none'}\n"
                                        for w in WORDS + NONE for end in ("", ".", "?", "where", "is")), encoding="utf-8")
        self.run_program("index", "build", "--model", self.model, "--input", corpus, "--output", self.index, "--hub-correction")

    def calibrate(self, *arguments, code=0):
        return self.run_program("eval", "calibrate", "--index", self.index, "--input", self.queries, "--target-precision", "0.5",
                                *arguments, code=code)

    def ask(self, *arguments, query="reset reset ?"):
        out, _ = self.run_program("search", *arguments, "--json", query)
        return json.loads(out)

    def test_a_calibrated_collection_is_searched_here_and_over_a_server_alike(self):
        here = ["--index", self.index, "--scoring", "margin", "--k", 2, "--members", 2]
        before = self.ask(*here)
        self.assertFalse(before["margin"]["calibrated"])
        self.assertEqual(before["margin"]["scale"], 30)
        file = self.folder / "scoring.json"
        _, err = self.calibrate("--write-to", self.index, "--output", file)
        self.assertIn("use this scoring from now on", err)
        fitted = json.loads(file.read_text())
        after = self.ask(*here)
        self.assertTrue(after["margin"]["calibrated"])
        for name in ("scale", "margin", "accept_probability", "ambiguity"):
            self.assertEqual(after["margin"][name], fitted[name])
        first = after["hits"][0]
        self.assertEqual((first["group"], first["num_members"], len(first["members"])), ("reset", 2, 1))
        self.assertLessEqual(first["probability"]["low"], first["probability"]["high"])
        self.assertIn(after["verdict"], ("accepted", "ambiguous", "unknown"))
        info, _ = self.run_program("index", "info", "--index", self.index, "--json")
        self.assertEqual(json.loads(info)["scoring"], fitted)
        process, address = self.serve()
        there = self.ask("--server", address, "--collection", "faq", *here[2:])
        self.assertEqual(there, after)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def test_a_running_server_takes_a_calibration_and_keeps_it(self):
        copy = self.folder / "copy"
        self.run_program("index", "snapshot", "--index", self.index, "--output", copy)
        for restart in (False, True):
            process, address = self.serve()
            if not restart:
                _, err = self.run_program("eval", "calibrate", "--index", copy, "--input", self.queries, "--target-precision", "0.5",
                                          "--server", address, "--collection", "faq")
                self.assertIn("faq at " + address, err)
                _, err = self.calibrate("--write-to", self.index, code=1)
                self.assertIn("faq", err)  # the server holds the folder
            answer = self.ask("--server", address, "--collection", "faq", "--scoring", "margin")
            self.assertTrue(answer["margin"]["calibrated"])
            process.send_signal(signal.SIGTERM)
            process.wait()

    def test_a_table_names_the_verdict(self):
        search = ["search", "--index", self.index, "--scoring", "margin", "--scale", 100, "--margin", 0]
        out, _ = self.run_program(*search, "--accept", 0, "reset reset ?")
        self.assertIn("  accepted: reset, p = ", out.splitlines()[1])
        self.assertRegex(out.splitlines()[2], r"^   1  p [01]\.\d{3}  -?[01]\.\d{4}  reset1 .*reset reset \?  \[reset\]$")
        out, err = self.run_program(*search, "--accept", 1, "--background", 1, "a")
        self.assertIn("  unknown: no answer is near enough; the best is ", out.splitlines()[1])
        self.assertIn("note: the collection is not calibrated", err)
        out, _ = self.run_program(*search, "--accept", "0.999999", "--ambiguity", 2, "reset parcel")
        self.assertIn("  ambiguous: ", out.splitlines()[1])
        self.assertIn("lone", out.splitlines()[1])

    def test_groups_without_probabilities(self):
        plain = self.ask("--index", self.index, "--k", 20)
        self.assertEqual(len(plain["hits"]), 13)
        grouped = self.ask("--index", self.index, "--k", 20, "--group")
        self.assertEqual(len(grouped["hits"]), 7)
        self.assertNotIn("verdict", grouped)
        self.assertEqual(sorted(hit.get("group", hit["id"]) for hit in grouped["hits"]), sorted(WORDS + ["lone"]))

    def test_csls_takes_off_what_a_document_has_in_common_with_its_neighbours(self):
        plain = {hit["id"]: hit["score"] for hit in self.ask("--index", self.index, "--k", 13)["hits"]}
        csls = self.ask("--index", self.index, "--k", 13, "--scoring", "csls")["hits"]
        self.assertEqual(set(plain), {hit["id"] for hit in csls})
        self.assertEqual([hit["score"] for hit in csls], sorted((hit["score"] for hit in csls), reverse=True))
        # r(y) by definition, from the vectors.
        lines, rows = self.folder / "all.jsonl", self.folder / "all.npy"
        self.run_program("index", "export", "--index", self.index, "--output", lines, "--vectors", rows)
        ids = [json.loads(line)["id"] for line in lines.read_text(encoding="utf-8").splitlines()]
        vectors = dict(zip(ids, load_npy(rows)))
        mean = lambda values: sum(sorted(values, reverse=True)[:10]) / 10
        dot = lambda a, b: sum(x * y for x, y in zip(a, b))
        query = mean(list(plain.values()))
        for hit in csls:
            own = mean([dot(vectors[hit["id"]], v) for name, v in vectors.items() if name != hit["id"]])
            self.assertAlmostEqual(hit["score"], 2 * plain[hit["id"]] - query - own, places=4)
        info, _ = self.run_program("index", "info", "--index", self.index)
        self.assertIn("corrections of all documents", info)
        process, address = self.serve()
        there = self.ask("--server", address, "--collection", "faq", "--k", 13, "--scoring", "csls")["hits"]
        self.assertEqual(there, csls)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def test_what_does_not_fit_together_is_named(self):
        search = ["search", "--index", self.index, "q"]
        for flags, fault in ((["--members", 2], "--members: it goes with --group or --scoring margin"),
                             (["--candidates", 20], "--candidates: it goes with --group, --scoring margin or csls"),
                             (["--scale", 3], "--scale: it goes with --scoring margin"),
                             (["--scoring", "margin", "--scale", "nan"], '--scale: "nan" is not a number'),
                             (["--scoring", "margin", "--accept", "2"], '"accept_probability" must be in [0, 1], got 2'),
                             (["--scoring", "margin", "--candidates", 5], "--candidates: 5 is less than --k, 10"),
                             (["--scoring", "best"], "--scoring")):
            _, err = self.run_program(*search, *flags, code=2)
            self.assertIn(fault, err)
        self.calibrate(code=2)
        _, err = self.calibrate("--server", "127.0.0.1:1", code=2)
        self.assertIn("--server HOST:PORT and --collection NAME go together", err)
        _, err = self.calibrate("--write-to", self.index, "--group-score", "prototype", code=2)
        self.assertIn("--group-score prototype goes with --output only", err)
        plain = self.folder / "plain"
        self.run_program("index", "build", "--model", self.model, "--input", self.input, "--output", plain)
        _, err = self.run_program("search", "--index", plain, "--scoring", "csls", "q", code=1)
        self.assertIn('collection "plain" keeps no hub corrections', err)

    def test_a_calibration_with_another_model_is_refused(self):
        white, other = self.folder / "w.safetensors", self.folder / "other"
        self.run_program("whiten", "fit", "--model", self.model, "--input", self.queries, "--output", white, "--k", 8)
        self.run_program("index", "build", "--model", self.model, "--whitening", white, "--input", self.folder / "corpus.tsv", "--output", other)
        _, err = self.calibrate("--write-to", other, code=1)
        self.assertIn("the scoring was calibrated with whitening none", err)

    def test_a_label_that_no_text_can_get_is_told(self):
        labelled = self.folder / "intents.tsv"
        # The same text under two labels: the rarer one has the same direction and a smaller prior.
        labelled.write_text("reset my password\tmany\n" * 20 + "reset my password\tfew\n" + "parcel\tother\nparcel ?\tother\n", encoding="utf-8")
        _, err = self.run_program("classify", "fit", "--model", self.model, "--input", labelled, "--output", self.folder / "i.svc")
        self.assertIn("note: no text can get the label few", err)


if __name__ == "__main__":
    unittest.main()
