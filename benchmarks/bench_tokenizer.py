#!/usr/bin/env python3
"""Times Senvec's tokenizer against Hugging Face `tokenizers`, one thread each, in turns.

    pip install tokenizers
    python3 benchmarks/bench_tokenizer.py --program build/release/bin/tokenizer_pipe MODEL_DIR… [--data DIR]

The texts are sentences put together from parts that are written here, or lines sampled from the files under --data.
Every id is compared first; a difference ends the run with exit code 1 and without a time. Then, --rounds times: one
run of our program (the median of its five passes; reading the model is not timed), encode_batch, and
encode_batch_fast (which leaves out offsets, as our passes do). Printed are medians, and the ratio theirs / ours
within each round: its median, least and greatest.
"""
import argparse
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import time

# Read by the library when it is loaded.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
import compare_tokenizers  # noqa: E402

ENGLISH = [
    ["How do I", "Where can I", "Why can't my neighbour", "Please tell me when we should", "Does the assistant"],
    ["reset", "cancel", "upgrade", "photograph", "reimburse", "reschedule", "double-check", "misplace"],
    ["the password", "an unpaid invoice", "my café booking", "that 35 mm lens", "two parcels", "the warranty", "Müller's order"],
    ["before Monday?", "after the printer said \"paper jam\"?", "without paying $12.50 more?", "in Kraków or São Paulo?",
     "unbelievably quickly, as promised!", "(see section 4.2)?"]]
CHINESE = [
    ["请问怎样", "为什么我不能", "客服什么时候帮我", "朋友问在哪里可以"],
    ["重置", "取消", "升级", "查询", "退掉", "预约"],
    ["账户密码", "未付的发票", "咖啡馆的座位", "两个包裹", "XR-200型打印机", "保修单"],
    ["，星期一之前？", "，而且不多花12.5元？", "（见第四章）？", "，就像说好的那样！"]]


def written_texts(count, rng):
    return [" ".join(map(rng.choice, ENGLISH)) if rng.random() < 0.5 else "".join(map(rng.choice, CHINESE))
            for _ in range(count)]


def sampled_lines(folder, count, rng):
    """Valid, non-empty lines, each with the same chance."""
    kept = []
    for seen, line in enumerate(text for text in compare_tokenizers.data_texts(folder) if 0 < len(text) <= 4096):
        place = seen if seen < count else rng.randrange(seen + 1)
        if seen < count:
            kept.append(line)
        elif place < count:
            kept[place] = line
    if not kept:
        sys.exit(f"--data {folder}: no line of 1 to 4096 bytes in its text files")
    return [line.decode("utf-8", errors="replace") for line in kept]


def ours(program, model, payload):
    """Median seconds of the program's passes, and how many tokens one pass gave."""
    output = subprocess.run([program, model, "time"], input=payload, stdout=subprocess.PIPE, check=True).stdout
    passes = [line.split() for line in output.decode().splitlines()]
    return statistics.median(float(seconds) for seconds, _ in passes), int(passes[0][1])


def timed(encode, texts):
    start = time.perf_counter()
    encode(texts)
    return time.perf_counter() - start


def show(name, seconds, texts, ratios=None):
    line = f"  {name:18} {statistics.median(seconds) * 1e3:9.1f} ms  {len(texts) / statistics.median(seconds):10.0f} texts/s"
    if ratios:
        line += f"   theirs / ours {statistics.median(ratios):6.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
    print(line, flush=True)


def bench(model, texts, options):
    reference = tokenizers.Tokenizer.from_file(str(pathlib.Path(model) / "tokenizer.json"))
    reference.no_padding()
    reference.no_truncation()
    encoded = [text.encode() for text in texts]
    rivals = {"encode_batch": reference.encode_batch}
    if hasattr(reference, "encode_batch_fast"):
        rivals["encode_batch_fast"] = reference.encode_batch_fast

    answers = [ids for ids, _, _ in compare_tokenizers.encode(options.program, model, "ids", encoded)]
    for name, encode in rivals.items():
        wrong = sum(mine != theirs.ids for mine, theirs in zip(answers, encode(texts)))
        if wrong:
            sys.exit(f"{model}: {wrong} of {len(texts)} texts have other ids than {name} gives; nothing was timed")

    payload = b"".join(struct.pack("<I", len(text)) + text for text in encoded)
    mine, theirs = [], {name: [] for name in rivals}
    for _ in range(options.rounds):
        seconds, tokens = ours(options.program, model, payload)
        if tokens != sum(map(len, answers)):
            sys.exit(f"{model}: the timed passes gave {tokens} tokens, the compared ones {sum(map(len, answers))}")
        mine.append(seconds)
        for name, encode in rivals.items():
            theirs[name].append(timed(encode, texts))
    print(f"{pathlib.Path(model).resolve().name}: {len(texts)} texts, {sum(map(len, encoded))} bytes, {tokens} tokens, "
          f"all ids equal; {options.rounds} rounds, tokenizers {tokenizers.__version__}")
    show("senvec", mine, texts)
    for name, seconds in theirs.items():
        show(name, seconds, texts, [their / our for their, our in zip(seconds, mine)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="folders with a tokenizer.json")
    parser.add_argument("--program", default="build/release/bin/tokenizer_pipe")
    parser.add_argument("--data", help="folder whose text files' lines are sampled")
    parser.add_argument("--texts", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.texts < 1 or options.rounds < 1:
        parser.error("--texts and --rounds must be at least 1")
    rng = random.Random(options.seed)
    texts = sampled_lines(options.data, options.texts, rng) if options.data else written_texts(options.texts, rng)
    for model in options.models:
        bench(model, texts, options)


if __name__ == "__main__":
    main()
