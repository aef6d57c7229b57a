"""The program from outside, for tests: a tiny model, runs of the program, a server."""
import array
import ast
import json
import math
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
SENTENCES = ["reset my password", "", "where is my parcel?", "重置密码", "a b c"]


def load_npy(path):
    """Rows of a float32 .npy file, as lists."""
    data = path.read_bytes()
    assert data[:6] == b"\x93NUMPY"
    (size,) = struct.unpack_from("<H", data, 8)
    header = ast.literal_eval(data[10:10 + size].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"]
    values = array.array("f", data[10 + size:])
    n, dim = header["shape"]
    assert len(values) == n * dim
    return [list(values[i * dim:(i + 1) * dim]) for i in range(n)]


def norm(row):
    return math.sqrt(sum(x * x for x in row))


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def make_model(folder):
    shutil.copytree(SOURCE / "encoder/arch/testdata/bert", folder)
    words = "reset ##ting how do i my password parcel where is ? . 重 置 密 码 a b c query passage :".split()
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case":true}')
    (folder / "config_sentence_transformers.json").write_text('{"prompts":{"query":"query: ","passage":"passage: "}}')


def save_npy(path, rows):
    """Lists of numbers as a float32 .npy file."""
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    head = head.ljust(117) + "\n"
    values = array.array("f", [x for row in rows for x in row])
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + values.tobytes())


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.model = self.folder / "model"
        make_model(self.model)
        self.input = self.folder / "in.txt"
        self.input.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")

    def tearDown(self):
        self.temporary.cleanup()

    def run_program(self, *arguments, code=0, stdin=None):
        result = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, timeout=300)
        self.assertEqual(result.returncode, code, result.stderr.decode())
        return result.stdout.decode(), result.stderr.decode()

    def serve(self, *arguments):
        process = subprocess.Popen([PROGRAM, "serve", "--model", self.model, "--data", self.folder / "data", "--listen", "127.0.0.1:0", *arguments],
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        for line in process.stderr:
            if "serving on " in line:
                return process, line.rsplit("serving on ", 1)[1].strip()
        self.fail("the server did not start")
