#!/usr/bin/env python3
"""Writes encoder/tokenizer/unicode_tables.cc: what each code point is to the Hugging Face `tokenizers` library.

    pip install tokenizers
    python3 scripts/make_unicode_tables.py

The library is built on several Rust crates, each with its own version of Unicode, so that no one version of the
standard describes it. Every property is therefore asked of the library itself, code point by code point.
"""
import pathlib
import struct
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

OUT = pathlib.Path(__file__).resolve().parent.parent / "encoder" / "tokenizer" / "unicode_tables.cc"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]

FLAGS = ["kBertDrop", "kBertSpace", "kChinese", "kNonspacingMark", "kPunctuation", "kWhitespace",
         "kGraphemeAttach", "kGraphemeControl", "kGraphemePrepend", "kPictograph", "kConjunctConsonant"]


def one_key_map(key):
    """A precompiled map (Darts double array) that turns `key` into X."""
    data = key.encode()
    # Nodes are laid out by hand: state i has offset 256 * (i + 1), far enough apart never to collide.
    size = 256 * (len(data) + 2)
    units = [0] * size
    position = 0
    for i, byte in enumerate(data):
        base = 256 * (i + 1)
        offset = position ^ base
        units[position] |= offset << 10
        child = base ^ byte
        units[child] = byte | (256 if i + 1 == len(data) else 0)
        position = child
    leaf = 256 * (len(data) + 1)
    units[position] |= (position ^ leaf) << 10
    units[leaf] = 0x80000000
    trie = struct.pack(f"<{size}I", *units)
    return normalizers.Precompiled(struct.pack("<I", len(trie)) + trie + b"X\0")


def bert(**on):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**options, **on})


def classify():
    flags = dict.fromkeys(CODE_POINTS, 0)

    def mark(name, test, among=CODE_POINTS):
        bit = 1 << FLAGS.index(name)
        for c in among:
            if test(chr(c)):
                flags[c] |= bit

    clean, chinese, strip = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True)
    mark("kBertDrop", lambda c: clean.normalize_str(f"a{c}b") == "ab")
    mark("kBertSpace", lambda c: clean.normalize_str(f"a{c}b") == "a b")
    mark("kChinese", lambda c: chinese.normalize_str(c) == f" {c} ")
    nfd = normalizers.NFD()
    mark("kNonspacingMark", lambda c: nfd.normalize_str(c) == c and strip.normalize_str(f"a{c}") == "a")
    split = pre_tokenizers.BertPreTokenizer()
    pieces = {c: len(split.pre_tokenize_str(f"a{chr(c)}b")) for c in CODE_POINTS}
    mark("kPunctuation", lambda c: pieces[ord(c)] == 3)
    mark("kWhitespace", lambda c: pieces[ord(c)] == 2)
    # A grapheme cluster below six bytes is replaced as a whole when a prefix of it is a key.
    letter = one_key_map("a")
    mark("kGraphemeAttach", lambda c: letter.normalize_str("a" + c) == "X")
    short = [c for c in CODE_POINTS if c < 0x10000]
    mark("kGraphemeControl", lambda c: c != "\0" and one_key_map(c).normalize_str(c + "\u0301") != "X", short)
    # With four bytes the cluster would be too long to be replaced, unless a mark after the character stands alone.
    mark_key = one_key_map("\u0341")
    mark("kGraphemeControl", lambda c: mark_key.normalize_str(c + "\u0341\u036d") == c + "X",
         [c for c in CODE_POINTS if c >= 0x10000])
    flags[0] |= 1 << FLAGS.index("kGraphemeControl")  # no key can hold it
    mark("kGraphemePrepend", lambda c: c != "\0" and one_key_map(c).normalize_str(c + "a") == "X")
    sign = one_key_map("\u00a9")
    mark("kPictograph", lambda c: sign.normalize_str("\u00a9\u200d" + c) != "X" + c)
    mark("kConjunctConsonant",
         lambda c: one_key_map(c).normalize_str("\u0915\u094d" + c + "\u0301") != "\u0915\u094dX",
         [c for c in range(0x900, 0xE00) if not flags[c] & (1 << FLAGS.index("kGraphemeAttach"))])
    return flags


def combining_classes():
    """Canonical ordering as the library does it: 0 where it does not reorder."""
    nfd = normalizers.NFD()
    classes = {}
    for c in CODE_POINTS:
        value = unicodedata.combining(chr(c))
        if value == 0:
            continue
        moved = (nfd.normalize_str(f"a{chr(c)}\u0334") == f"a\u0334{chr(c)}" if value > 1
                 else nfd.normalize_str(f"a\u0301{chr(c)}") == f"a{chr(c)}\u0301")
        if moved:
            classes[c] = value
    return classes


def mappings(normalizer, skip=()):
    result = {}
    for c in CODE_POINTS:
        text = normalizer.normalize_str(chr(c))
        if text != chr(c) and c not in skip:
            result[c] = [ord(x) for x in text]
    return result


def ranges(values):
    """[first, last, value] of runs of equal, non-zero values."""
    runs = []
    for c in CODE_POINTS:
        value = values.get(c, 0)
        if value and runs and runs[-1][1] == c - 1 and runs[-1][2] == value:
            runs[-1][1] = c
        elif value:
            runs.append([c, c, value])
    return runs


def write_ranges(out, name, runs):
    out.append(f"const CodePointRange {name}[] = {{")
    cells = [f"{{0x{a:x}, 0x{b:x}, {v}}}," for a, b, v in runs]
    for i in range(0, len(cells), 5):
        out.append("    " + " ".join(cells[i:i + 5]))
    out.append("};")
    out.append(f"const size_t {name}Size = {len(runs)};\n")


def write_mapping(out, name, mapping):
    """One row a code point: it, and what it becomes (at most four, 0 = none)."""
    out.append(f"const CodePointMapping {name}[] = {{")
    cells = ["{0x%x, {%s}}," % (c, ", ".join(f"0x{x:x}" for x in to)) for c, to in sorted(mapping.items())]
    for i in range(0, len(cells), 4):
        out.append("    " + " ".join(cells[i:i + 4]))
    out.append("};")
    out.append(f"const size_t {name}Size = {len(mapping)};\n")


def main():
    hangul = range(0xAC00, 0xD7A4)  # decomposed by arithmetic
    decompositions = mappings(normalizers.NFD(), skip=hangul)
    lower = mappings(normalizers.Lowercase())
    assert max(len(to) for to in [*decompositions.values(), *lower.values()]) <= 4
    out = [f"// Made by scripts/make_unicode_tables.py from tokenizers {tokenizers.__version__}. Do not edit.",
           '#include "encoder/tokenizer/unicode_tables.h"', "", "namespace senvec {", ""]
    write_ranges(out, "kFlagRanges", ranges(classify()))
    write_ranges(out, "kCombiningClassRanges", ranges(combining_classes()))
    write_mapping(out, "kDecompositions", decompositions)
    write_mapping(out, "kLowerCase", lower)
    out.append("}  // namespace senvec")
    OUT.write_text("\n".join(out) + "\n")
    print(f"{OUT.name}: {OUT.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
