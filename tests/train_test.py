#!/usr/bin/env python3
"""Training from outside: a run that is killed again and again ends with the weights of one that was not.
train_test.py PROGRAM SOURCE_DIR. Exits with 77, which CTest calls skipped, where senvec-train was not built."""
import json
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

if not pathlib.Path(sys.argv[1]).with_name("senvec-train").exists():
    print("skipped: senvec-train was not built, since there is no libtorch")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from program import PROGRAM, ProgramTest

WORDS = "reset how do i my password parcel where is a b c".split()
STEPS, CHECKPOINT_EVERY, KILLS, SEED = 120, 7, 5, 20240607
PATIENCE = 120  # seconds for a run to come to a step


class TrainTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rng = random.Random(SEED)

        def text():
            return " ".join(rng.choices(WORDS, k=rng.randint(2, 12)))

        self.pairs = self.folder / "pairs.tsv"
        self.pairs.write_text("".join(f"{text()}\t{text()} ?\t{i % 4}\n" for i in range(300)))
        (self.folder / "texts.txt").write_text("".join(f"{text()}\n" for _ in range(300)))

    def config(self, output):
        """A run with everything that a checkpoint has to hold: two tasks, dropout, averages, a head, best weights."""
        path = self.folder / f"{output}.json"
        path.write_text(json.dumps({
            "output": output, "steps": STEPS, "seed": 3, "threads": 2, "log_every": 1, "dev_every": 10,
            "checkpoint_every": CHECKPOINT_EVERY, "model": {"from": "model", "dropout": 0.1, "dense": 12},
            "optimizer": {"learning_rate": 0.003, "warmup_steps": 10, "ema": 0.9, "child_tuning": "free"},
            "tasks": [{"name": "pairs", "loss": "sbert", "files": ["pairs.tsv"], "batch_size": 32, "max_tokens": 24},
                      {"name": "texts", "loss": "distill", "files": ["texts.txt"], "batch_size": 64, "max_tokens": 24,
                       "teacher": "model"}],
            "dev": [{"name": "d", "file": "pairs.tsv", "limit": 50}]}))
        return path

    def log(self, output):
        """Whole lines of the log so far, without the times."""
        path = self.folder / output / "train_log.jsonl"
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [{k: v for k, v in line.items() if k not in ("seconds", "sentences_per_s")} for line in lines]

    def kill_after(self, output, step, delay):
        """Runs until the log tells of `step`, and `delay` seconds more. Returns the last step that the log had by then."""
        process = subprocess.Popen([PROGRAM, "train", "--config", self.config(output), "--quiet"], stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            if any(line["step"] >= step for line in self.log(output)):
                break
            time.sleep(0.0005)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        self.assertEqual(process.wait(), -signal.SIGKILL, process.stderr.read().decode())
        return max(line["step"] for line in self.log(output))

    def test_a_run_that_is_killed_at_random_steps_ends_with_the_same_weights(self):
        self.run_program("train", "--config", self.config("whole"), "--quiet")
        rng = random.Random(SEED)
        # Each kill in a stretch of its own, so that every run has gone on by some steps before the next.
        stretch = (STEPS - 20) // KILLS
        for i in range(KILLS):
            step = i * stretch + rng.randint(CHECKPOINT_EVERY + 1, stretch)
            reached = self.kill_after("killed", step, rng.random() * 0.01)
            print(f"killed after step {reached}, {step} was wanted", flush=True)
            self.assertGreaterEqual(reached, step)
            self.assertLess(reached, STEPS)
        self.run_program("train", "--config", self.config("killed"), "--quiet")
        for name in ("model.safetensors", "2_Dense/model.safetensors"):
            self.assertEqual((self.folder / "whole" / name).read_bytes(), (self.folder / "killed" / name).read_bytes(), name)
        self.assertEqual(self.log("whole"), self.log("killed"))
        self.run_program("train", "report", self.folder / "killed")
        self.assertIn("Loss of texts", (self.folder / "killed" / "report.html").read_text())


if __name__ == "__main__":
    unittest.main()
