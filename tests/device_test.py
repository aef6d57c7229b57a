#!/usr/bin/env python3
"""Serving with libtorch from outside: `senvec serve --device cpu`. device_test.py PROGRAM SOURCE_DIR. Exits with 77, which
CTest calls skipped, where senvec-serve was not built."""
import json
import pathlib
import signal
import subprocess
import sys
import unittest

if not pathlib.Path(sys.argv[1]).with_name("senvec-serve").exists():
    print("skipped: senvec-serve was not built, since there is no libtorch")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from program import PROGRAM, ProgramTest, load_npy


class DeviceTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.input.write_text("reset my password\nwhere is my parcel?\n重置密码\na b c\n", encoding="utf-8")

    def vectors(self, name, *arguments):
        self.run_program("embed", *arguments, "--input", self.input, "--output", self.folder / name)
        return load_npy(self.folder / name)

    def test_the_vectors_are_those_of_the_cpu_engine(self):
        wanted = self.vectors("engine.npy", "--model", self.model)
        process, address = self.serve("--device", "cpu", "--threads", "1")
        got = self.vectors("device.npy", "--server", address)
        self.assertEqual(len(got), len(wanted))
        for a, b in zip(got, wanted):
            for x, y in zip(a, b):
                self.assertAlmostEqual(x, y, delta=1e-5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def test_a_configuration_names_the_device_and_the_log_what_came_of_it(self):
        config = self.folder / "config.json"
        config.write_text(json.dumps({"device": "cpu", "precision": "bf16", "threads": 1}))
        process = subprocess.Popen([PROGRAM, "serve", "--model", self.model, "--data", self.folder / "data", "--listen",
                                    "127.0.0.1:0", "--config", config], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        log = ""
        for line in process.stderr:
            log += line
            if "serving on " in line:
                break
        self.assertIn("bf16 on libtorch cpu", log)
        self.assertRegex(log, r"bf16 on libtorch cpu: lowest cosine to the CPU engine 0\.99\d+ over 32 sentences")

    def test_what_cannot_be_is_refused_with_the_remedy(self):
        serve = ["serve", "--model", self.model, "--data", self.folder / "data", "--listen", "127.0.0.1:0"]
        _, err = self.run_program(*serve, "--device", "tpu", code=2)
        self.assertIn("choose cpu, cuda or cuda:N", err)
        _, err = self.run_program(*serve, "--device", "cuda:77", code=1)
        self.assertRegex(err, "there is no CUDA|there are [0-9]+ GPUs")
        _, err = self.run_program(*serve, "--device", "cpu", "--precision", "int8", code=1)
        self.assertIn("int8 is the CPU engine's", err)


if __name__ == "__main__":
    unittest.main()
