#!/usr/bin/env python3
"""Compares Senvec's token ids, type ids and offsets with those of the Hugging Face `tokenizers` library; zero differences
wanted.

    pip install tokenizers
    python3 scripts/compare_tokenizers.py --program build/release/bin/tokenizer_pipe MODEL_DIR… [--data DIR]

Compared are: every code point alone, between letters and doubled; every line of every text file under --data; and
--random strings that mix scripts, combining marks, controls, invalid UTF-8 and the model's special tokens, alone and as
pairs. Exit code 1 and the first differences when there are any; with --offsets those are compared too, and counted, but
do not decide.
"""
import argparse
import pathlib
import random
import struct
import subprocess
import sys
import time

from tokenizers import Tokenizer

BATCH = 200000


def encode(program, model, mode, texts):
    """(ids, type ids, spans) of every text, or pair of texts, from tokenizer_pipe."""
    flat_texts = [part for pair in texts for part in pair] if mode == "pairs" else texts
    payload = b"".join(struct.pack("<I", len(text)) + text for text in flat_texts)
    data = subprocess.run([program, model, mode], input=payload, stdout=subprocess.PIPE, check=True).stdout
    at, answers = 0, []
    for _ in texts:
        (n,) = struct.unpack_from("<I", data, at)
        ids = list(struct.unpack_from(f"<{n}i", data, at + 4))
        at += 4 + 4 * n
        types, spans = [], []
        if mode != "ids":
            types = list(struct.unpack_from(f"<{n}I", data, at))
            at += 4 * n
            flat = struct.unpack_from(f"<{2 * n}I", data, at)
            at += 8 * n
            spans = list(zip(flat[::2], flat[1::2]))
        answers.append((ids, types, spans))
    return answers


def code_point_texts():
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        for form in (chr(c), f"a{chr(c)}b", chr(c) * 2):
            yield form.encode()


def data_texts(folder):
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if not path.is_file() or path.suffix.lower() in {".gz", ".zip", ".npy", ".md", ".parquet", ".bin", ".png"}:
            continue
        with open(path, "rb") as lines:
            for line in lines:
                yield line.rstrip(b"\n")


def random_texts(count, special, seed):
    rng = random.Random(seed)
    pools = [
        (0x20, 0x7E), (0x20, 0x7E), (0x00, 0x1F), (0x7F, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF),
        (0x400, 0x4FF), (0x590, 0x6FF), (0x900, 0xD7F), (0xE00, 0xFFF), (0x1000, 0x11FF), (0x1AB0, 0x1CFF),
        (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x2BFF), (0x2E80, 0x30FF), (0x3130, 0x33FF), (0x4E00, 0x9FFF),
        (0x4E00, 0x9FFF), (0xA640, 0xABFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE00, 0xFFFF), (0x10000, 0x10FFF),
        (0x11000, 0x11FFF), (0x16F00, 0x16FFF), (0x1D100, 0x1D7FF), (0x1E800, 0x1EFFF), (0x1F300, 0x1FAFF),
        (0x20000, 0x2FA1F), (0xE0000, 0xE01EF)]
    broken = [b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xe4\xb8", b"\xff", b"\xf4\x90\x80\x80"]

    def one():
        out = bytearray()
        pool = rng.choice(pools)
        for _ in range(rng.randrange(1, 40)):
            kind = rng.random()
            if kind < 0.03:
                out += rng.choice(special).encode()
            elif kind < 0.05:
                out += rng.choice(broken)
            elif kind < 0.17:
                out += b" "
            else:
                if rng.random() < 0.3:
                    pool = rng.choice(pools)
                c = rng.randint(*pool)
                out += chr(c).encode() if not 0xD800 <= c < 0xE000 else b"x"
        return bytes(out)

    return (one() for _ in range(count))


def byte_offsets(texts, encoding):
    """Character offsets of the library in bytes; `texts` are the text, or the two of a pair."""
    tables = []
    for text in texts:
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode()))
        tables.append(at)
    return [(0, 0) if sequence is None else (tables[sequence][a], tables[sequence][b])
            for (a, b), sequence in zip(encoding.offsets, encoding.sequence_ids)]


def batches(texts):
    batch = []
    for text in texts:
        batch.append(text)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def compare(program, model, name, texts, mode, shown, offsets=False):
    """Texts, or pairs of texts with the mode "pairs". Type ids are compared where the mode gives them."""
    reference = Tokenizer.from_file(str(pathlib.Path(model) / "tokenizer.json"))
    reference.no_padding()
    reference.no_truncation()
    total = differences = offset_differences = 0
    for batch in batches(texts):
        raws = [text if mode == "pairs" else (text,) for text in batch]
        decoded = [tuple(part.decode("utf-8", errors="replace") for part in raw) for raw in raws]
        encoded = reference.encode_batch(decoded if mode == "pairs" else [text for (text,) in decoded])
        for raw, text, expected, (ids, types, spans) in zip(raws, decoded, encoded, encode(program, model, mode, batch)):
            total += 1
            if ids != expected.ids or (mode != "ids" and types != expected.type_ids):
                differences += 1
                if differences <= shown:
                    print(f"  {raw!r}\n    ours   {ids} {types}\n    theirs {expected.ids} {expected.type_ids}")
            elif offsets and raw == tuple(part.encode() for part in text) and spans != byte_offsets(text, expected):
                offset_differences += 1
                if offset_differences <= shown:
                    print(f"  offsets of {raw!r}\n    ours   {spans}\n    theirs {byte_offsets(text, expected)}")
    what = "ids" if mode == "ids" else "ids or type ids"
    print(f"{pathlib.Path(model).name}: {name}: {total} texts, {differences} with other {what}"
          + (f", {offset_differences} with other offsets" if offsets else ""), flush=True)
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--program", default="build/release/bin/tokenizer_pipe")
    parser.add_argument("--data")
    parser.add_argument("--random", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-code-points", dest="code_points", action="store_false", help="leave out every code point")
    parser.add_argument("--offsets", action="store_true", help="compare offsets too, on the random strings and pairs")
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    differences = 0
    for model in options.models:
        start = time.monotonic()
        reference = Tokenizer.from_file(str(pathlib.Path(model) / "tokenizer.json"))
        special = [token.content for token in reference.get_added_tokens_decoder().values()]
        run = lambda name, texts, mode="ids", offsets=False: compare(options.program, model, name, texts, mode,
                                                                     options.show, offsets)
        if options.code_points:
            differences += run("every code point, three forms", code_point_texts())
        differences += run(f"random strings, seed {options.seed}",
                           random_texts(options.random, special, options.seed), "offsets", options.offsets)
        one, other = (random_texts(options.random // 4, special, options.seed + i) for i in (1, 2))
        differences += run(f"pairs of them, seed {options.seed}", zip(one, other), "pairs", options.offsets)
        if options.data:
            differences += run("every line of the data", data_texts(options.data))
        print(f"{pathlib.Path(model).name}: {time.monotonic() - start:.0f} s")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
