#!/usr/bin/env python3
"""The model that comes with Senvec, as it lies in share/models. shipped_model_test.py PROGRAM SOURCE_DIR"""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from program import PROGRAM, SOURCE

MODEL = SOURCE / "share/models/senvec-zh-small"
LARGEST = 20 * 1000 * 1000

REWORDED = {"怎么重置密码？": "密码忘了怎么重设", "怎么退款？": "钱怎么退给我", "怎么开发票？": "发票要怎么开", "快递几天能到？": "多久能收到快递",
            "怎么修改收货地址？": "收货地址填错了怎么改", "怎么取消订单？": "我不想要这个订单了，能取消吗", "手机丢了怎么办？": "我的手机不见了",
            "怎么请年假？": "年假要怎么申请", "工资什么时候发？": "几号发工资", "电脑开不了机怎么办？": "电脑打不开了",
            "会议室怎么预订？": "我想订一间会议室", "怎么注销账号？": "我要把账号删掉"}


def run_program(*arguments, stdin=""):
    environment = {name: value for name, value in os.environ.items() if name != "SENVEC_MODEL"}
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=True, timeout=300,
                          env=environment).stdout


def embed(texts, *arguments, model=("--model", MODEL)):
    out = run_program("embed", *model, *arguments, stdin="".join(text + "\n" for text in texts))
    return [json.loads(line)["vector"] for line in out.splitlines()]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def chinese_questions():
    """{id: text} of the sample help desk; an id is topic-language-q1."""
    rows = (line.split("\t") for line in (SOURCE / "samples/helpdesk.tsv").read_text(encoding="utf-8").splitlines())
    return {name: text for name, text in rows if "-zh-q" in name}


class ShippedModelTest(unittest.TestCase):
    def test_is_small_enough_to_live_in_a_repository(self):
        size = sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file())
        self.assertLessEqual(size, LARGEST)

    def test_its_card_says_what_it_learnt_from_and_that_it_is_for_research(self):
        card = (MODEL / "README.md").read_text(encoding="utf-8")
        for said in ("research only", "licence", "LCQMC", "BQ", "ATEC", "STS-B", "PAWS-X"):
            self.assertIn(said, card)

    @unittest.skipUnless(pathlib.Path(PROGRAM).resolve().parent.parent.parent.parent == SOURCE.resolve(),
                         "the program is not in build/PRESET/bin of this source tree")
    def test_is_what_commands_take_without_model(self):
        self.assertIn(str(MODEL.resolve()), run_program("model", "info"))
        self.assertEqual(embed(["怎么退款？"], model=()), embed(["怎么退款？"]))

    def test_other_wordings_of_a_question_are_nearest_to_it(self):
        asked, known = embed(REWORDED.values()), embed(REWORDED)
        nearest = [max(range(len(known)), key=lambda i: dot(vector, known[i])) for vector in asked]
        wrong = [wording for i, (wording, found) in enumerate(zip(REWORDED.values(), nearest)) if found != i]
        self.assertLessEqual(len(wrong), 1, wrong)

    def test_int8_and_bf16_say_what_fp32_says(self):
        texts = list(chinese_questions().values())
        exact = embed(texts, "--precision", "fp32")
        for precision in ("int8", "bf16"):
            lowest = min(map(dot, exact, embed(texts, "--precision", precision)))
            self.assertGreater(lowest, 0.99, precision)

    def test_knows_the_characters_of_the_samples(self):
        texts = list(chinese_questions().values())
        out = run_program("tokenize", "--model", MODEL, "--tokens", stdin="".join(text + "\n" for text in texts))
        unknown = [text for text, line in zip(texts, out.splitlines()) if "[UNK]" in json.loads(line)["tokens"]]
        self.assertEqual(unknown, [])


if __name__ == "__main__":
    unittest.main()
