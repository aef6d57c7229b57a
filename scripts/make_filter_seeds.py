#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets for filters: fuzz/corpus/bitmap, fuzz/corpus/filter and fuzz/corpus/posting_merge.
The bitmaps come from another release of CRoaring than the one that Senvec links, and bitmap_format_test reads them too.

    pip install pyroaring
    python3 scripts/make_filter_seeds.py
"""
import pathlib
import struct

import pyroaring

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"


def bitmap(rows):
    made = pyroaring.BitMap(rows)
    made.run_optimize()
    return made.serialize()


MIXED = [*range(5000), *((1 << 16) + 7 * i for i in range(3000)), *((2 << 16) + 3 * i for i in range(20000))]
BITMAPS = {
    "empty": bitmap([]),
    "one": bitmap([70000]),
    "mixed": bitmap(MIXED),
    "mixed_cut": bitmap(MIXED)[:-1],
    "runs": bitmap(range(10, 300000)),
    "last": bitmap([0, *range(0x7FFF0000, 0x80010000), 0xFFFFFFFF]),
    "huge_count": struct.pack("<II", 12346, 0xFFFFFFFF),
    "rows_out_of_order": struct.pack("<IIHHIHH", 12346, 1, 0, 1, 16, 2, 1),
    "no_run_flag": struct.pack("<IBHHHH", 12347, 0, 0, 1, 1, 2),
    "run_past_the_end": struct.pack("<IBHHHHH", 12347, 1, 0, 2, 1, 0xFFFF, 2),
    "bitset_count_wrong": struct.pack("<IIHHI", 12346, 1, 0, 4096, 16) + bytes(8192),
}

# Expression, NUL, metadata.
DOCUMENT = ('{"lang":"zh","year":2021,"tags":["a","b",7,[true]],"author":{"name":"Li","age":40},"parts":[{"n":1},{"n":2}],'
            '"a.b":1,"big":9007199254740993,"draft":null,"long":"' + "x" * 600 + '"}')
FILTERS = {
    "readme": 'lang = "zh" and (year >= 2020 or tag in ("a","b")) and not exists(draft) and path prefix "faq/"',
    "arrays": "tags = 'a' and tags > 'a' and not (tags in (1, 2.5, true) or tags not prefix 'x')",
    "paths": "author.name != null and \"a.b\" = 1 and parts.n <= 2 and not exists(parts.m)",
    "numbers": "big = 9007199254740993 or big > -1e300 or year < 18446744073709551616",
    "long": "long = '" + "x" * 600 + "' or not long < '" + "x" * 599 + "y'",
    "escapes": r'a = "\"\\\/\b\f\n\r\té😀\u0000"',
    "deep": "(" * 63 + "not a=1" + ")" * 63,
    "too_deep": "not " * 65 + "a=1",
    "no_value": "lang = zh",
    "open_string": "a = 'x",
    "half_a_pair": r'a = "\ud800"',
}


def small(*rows):
    return bytes([len(rows)]) + struct.pack(f"<{len(rows)}I", *rows)


def large(rows):
    data = bitmap(rows)
    return b"\xff" + struct.pack("<I", len(data)) + data


def posting(rows):
    return b"P" + rows


def operand(removed, added):
    return b"D" + removed + added


def pieces(*parts):
    return b"".join(struct.pack("<H", len(part)) + part for part in parts)


# What exists, then operands; each with its length before it.
MERGES = {
    "add": pieces(posting(small(1, 2)), operand(small(), small(3))),
    "remove": pieces(posting(small(1, 2)), operand(small(2), small()), operand(small(1), small())),
    "bitmaps": pieces(posting(large(range(0, 9000, 2))), operand(large(range(100, 900)), large(range(8000, 70000))),
                      operand(small(8001, 65536), small(1))),
    "no_operand": pieces(posting(small())),
    "garbage": pieces(b"garbage", operand(small(), small(3))),
    "cut": pieces(posting(small(1, 2)), operand(small(), small(3))[:-1]),
}


def main():
    filters = {name: text.encode() + b"\0" + DOCUMENT.encode() for name, text in FILTERS.items()}
    filters["metadata_deep"] = b"exists(a)\0" + b'{"a":' * 33 + b"1" + b"}" * 33
    filters["metadata_cut"] = b"a = 1\0{\"a\":"
    for folder, seeds in {"bitmap": BITMAPS, "filter": filters, "posting_merge": MERGES}.items():
        (CORPUS / folder).mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (CORPUS / folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
