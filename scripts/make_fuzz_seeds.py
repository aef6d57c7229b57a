#!/usr/bin/env python3
"""Makes the seeds of the tokenizer fuzz targets: fuzz/corpus/tokenizer_json and fuzz/corpus/tokenizer_text.

    pip install tokenizers
    python3 scripts/make_fuzz_seeds.py
"""
import base64
import json
import pathlib

import make_tokenizer_vectors

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"
CLS_SEP = {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}


def special(name, kind=0):
    return {"SpecialToken": {"id": name, "type_id": kind}}


def sequence(name, kind=0):
    return {"Sequence": {"id": name, "type_id": kind}}


def added(number, content, **flags):
    return {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True, **flags}


def wordpiece(**changes):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "do", "i", "re", "##set", "it", "?", "重", "ab", "a", "##b"]
    return {
        "added_tokens": [added(2, "[CLS]"), added(4, "[MASK]", lstrip=True, rstrip=True)],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": [special("[CLS]"), sequence("A"), special("[SEP]")],
                           "pair": [special("[CLS]"), sequence("A"), special("[SEP]"), sequence("B", 1), special("[SEP]", 1)],
                           "special_tokens": CLS_SEP},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": {word: number for number, word in enumerate(words)}}, **changes}


def unigram(**changes):
    charsmap = base64.b64encode(make_tokenizer_vectors.small_charsmap({"\u00e9": "e"})).decode()
    pieces = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0], ["▁How", -3.5], ["▁do", -4.0], ["reset", -5.0],
              ["a", -3.0], ["b", -3.0], ["ab", -6.0], ["重置", -7.0], ["?", -2.5]]
    return {
        "added_tokens": [added(0, "<s>"), added(2, "</s>"), added(13, "<mask>", lstrip=True, normalized=True)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": charsmap},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": None, "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces}, **changes}


JSON_SEEDS = {
    "wordpiece": wordpiece(),
    "wordpiece_bert_processing": wordpiece(post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}),
    "wordpiece_id_hole": wordpiece(model={"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 40, "##b": 7}}, post_processor=None),
    "wordpiece_same_id_twice": wordpiece(model={"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 0}}),
    "wordpiece_no_unknown": wordpiece(model={"type": "WordPiece", "vocab": {"a": 0}}),
    "template_beyond_vocabulary": wordpiece(added_tokens=[], model={"type": "WordPiece", "vocab": {"[UNK]": 0}}),
    "lowercase_only": wordpiece(normalizer={"type": "Lowercase"}, pre_tokenizer={"type": "WhitespaceSplit"}),
    "replace_that_removes": wordpiece(normalizer={"type": "Replace", "pattern": {"String": "[MASK]"}, "content": ""},
                                      added_tokens=[added(4, "[MASK]", normalized=True)]),
    "no_normalizer": wordpiece(normalizer=None, added_tokens=None),
    "unigram": unigram(),
    "unigram_roberta_processing": unigram(post_processor={"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                                                          "trim_offsets": True, "add_prefix_space": True}),
    "unigram_sequence": unigram(pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]}),
    "unigram_bad_charsmap": unigram(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA/////w=="}),
    "unigram_empty_vocabulary": unigram(model={"type": "Unigram", "unk_id": 0, "vocab": []}),
    "unknown_model": wordpiece(model={"type": "BPE", "vocab": {"a": 0}, "merges": []}),
    "not_an_object": [1, 2],
}
BODIES = {
    "plain": b"How do I reset my password?\nWhere is my parcel?", "empty": b"", "chinese": "如何重置我的密码？\n退款".encode(),
    "accents": "na\u00efve e\u0301\u0323 \u0130stanbul \u00df\nA\u030angstr\u00f6m".encode(), "special": b"[CLS] a [SEP][MASK]\n<s>a</s> <mask> b<unk>",
    "broken": b"\xff\xfea\xe4\xb8\n\xed\xa0\x80\xf0\x9f\x98", "controls": b"\x00a\x00\t\r\x7f b\xc2\xad\xe2\x80\x8b\n\xef\xbb\xbf",
    "long_word": b"x" * 120 + b"\n" + b"." * 40, "widths": "ＦＵＬＬ　ｗｉｄｔｈ ①②③ ﬁne\n\u1100\u1161\u11a8 각".encode(),
    "emoji": "🙂👍🏽 👨\u200d👩\u200d👧 ok\n\U000e0041".encode(), "marks": ("a" + "\u0316\u0301" * 30).encode(),
}


def main():
    for name, value in JSON_SEEDS.items():
        write("tokenizer_json", name, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    write("tokenizer_json", "nested", b"[" * 100)
    write("tokenizer_json", "cut_short", json.dumps(wordpiece()).encode()[:200])
    for name, body in BODIES.items():
        for kind in range(4):
            write("tokenizer_text", f"{name}_{kind}", bytes([kind + 4 * 2]) + body)


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
