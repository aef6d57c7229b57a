#!/usr/bin/env python3
"""Makes encoder/tokenizer/testdata: small tokenizers of each kind and what Hugging Face `tokenizers` answers.

    pip install tokenizers
    python3 scripts/make_tokenizer_vectors.py

Each folder holds tokenizer.json (one has vocab.txt and tokenizer_config.json instead) and expected.json: texts as lists
of bytes, ids, byte offsets, pairs and truncated pairs. Offsets are left out where the library's are known to be off:
it loses count after characters that are removed at the beginning of a text.
"""
import json
import pathlib
import random
import shutil
import struct

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

import compare_tokenizers

ROOT = pathlib.Path(__file__).resolve().parent.parent / "encoder" / "tokenizer" / "testdata"
SENTENCES = [
    "How do I reset my password?", "如何重置我的密码？", "Where is my parcel?  It was sent on Monday.",
    "我的包裹在哪里？星期一寄出的。", "Refunds take five to seven working days, naïve Ångström café.",
    "退款需要五到七个工作日。", "The printer (model X-200) says \"paper jam\"!", "打印机显示“卡纸”，怎么办？",
    "unhappiness unbelievable resetting resets resetter", "ﬁne ＦＵＬＬ　ｗｉｄｔｈ ①②③ ㎏ ½", "Привет, мир! Γειά σου Κόσμε",
    "مرحبا بالعالم", "नमस्ते दुनिया", "한국어 문장도 있습니다", "ภาษาไทย", "🙂👍🏽 👨‍👩‍👧 ok",
]
TEXTS = [s.encode() for s in SENTENCES] + [
    b"", b" ", b"   \t\n ", b"a", b"\x00a\x00", b"x" * 101, b"x" * 100, ("é" * 60).encode(), "e\u0301e\u0301\u0323".encode(),
    "a\u0300\u0316b".encode(), b"[CLS] a [SEP][MASK]", b"<s>a</s> <mask> b <unk>", b"\xff\xfea\xe4\xb8", b"\xed\xa0\x80\xf0\x9f\x98",
    "İstanbul ǅ ß ﬃ".encode(), "\u1100\u1161\u11a8 각".encode(), "\ufffd\u200b\u00ad\u2028x".encode(), b"." * 300,
    "ＡＢ＜s＞".encode(), "\r\n\r\na\r".encode(), "①\u0301 a\u0344\u0301\u0301".encode(), "豈\U0002f800".encode(),
]


def small_charsmap(keys):
    """A map of a few strings, so that the test data stay small: a Darts double array laid out by hand."""
    entries, blob = {}, b""
    for key, value in sorted(keys.items()):
        entries[key.encode()] = len(blob)
        blob += value.encode() + b"\0"
    units = {0: 0}
    prefixes = sorted({key[:i] for key in entries for i in range(len(key) + 1)}, key=len)
    position, next_base = {b"": 0}, 256
    for prefix in prefixes:
        children = sorted({key[len(prefix)] for key in entries if len(key) > len(prefix) and key.startswith(prefix)})
        if prefix not in entries and not children:
            continue
        base, next_base = next_base, next_base + 256
        at = position[prefix]
        units[at] = units.get(at, 0) | (at ^ base) << 10
        if prefix in entries:
            units[at] |= 256
            units[base] = 0x80000000 | entries[prefix]
        for child in children:
            position[prefix + bytes([child])] = base ^ child
            units[base ^ child] = child
    trie = struct.pack(f"<{next_base + 256}I", *(units.get(i, 0) for i in range(next_base + 256)))
    return struct.pack("<I", len(trie)) + trie + blob


def wordpiece():
    words = {"reset", "##ting", "##s", "##ter", "un", "##happi", "##ness", "##believ", "##able", "how", "password", "the",
             "how", "do", "i", "my", "is", "parcel", "monday", "printer", "model", "ok", "cafe", "naive", "中", "##x"}
    letters = {c for s in SENTENCES for c in normalizers.BertNormalizer().normalize_str(s) if not c.isspace()}
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = special + sorted(words | {c for c in letters if c < "\u3000"} | {"##" + c for c in letters if c.isascii() and c.isalpha()}
                              | set("的密码我重置如何包裹"))
    return {token: i for i, token in enumerate(tokens)}


def bert(lowercase=True, strip_accents=None, chinese=True):
    vocab = wordpiece()
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents, handle_chinese_chars=chinese)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return tokenizer


def unigram(map_bytes, modern=True):
    rng = random.Random(3)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = {}
    for sentence in SENTENCES:
        text = "▁" + sentence.replace(" ", "▁")
        for c in text:
            if c < "\uac00":
                pieces.setdefault(c, -8 - rng.random() * 4)
        for i in range(0, len(text) - 3, 3):
            pieces.setdefault(text[i:i + 3], -6 - rng.random() * 5)
    for word in ("▁password", "▁reset", "ting", "▁", "▁my", "密码", "的密码", "重置", "▁H", "ab", "▁a", "kg", "1", "2"):
        pieces[word] = -3 - rng.random() * 4
    tokens = [(token, 0.0) for token in special] + sorted(pieces.items(), key=lambda item: -item[1])
    tokenizer = Tokenizer(models.Unigram(tokens, unk_id=3))
    steps = [normalizers.Precompiled(map_bytes)]
    if modern:
        steps.append(normalizers.Replace(Regex(" {2,}"), " "))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer.normalizer = normalizers.Sequence(steps) if modern else steps[0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, normalized=not modern, special=True)])
    return tokenizer


def expected(tokenizer, offsets):
    texts = []
    for raw in TEXTS:
        text = raw.decode("utf-8", errors="replace")
        answer = tokenizer.encode(text)
        entry = {"text": list(raw), "ids": answer.ids}
        if offsets and raw == text.encode():
            entry["offsets"] = compare_tokenizers.byte_offsets(text, answer.offsets)
        texts.append(entry)
    pairs = []
    for limit in (0, 5, 7, 12, 13):
        if limit:
            tokenizer.enable_truncation(limit, strategy="longest_first")
        for first, second in ((0, 1), (2, 0), (8, 9), (14, 4)):
            answer = tokenizer.encode(SENTENCES[first], SENTENCES[second])
            pairs.append({"first": SENTENCES[first], "second": SENTENCES[second], "max_tokens": limit, "ids": answer.ids,
                          "type_ids": answer.type_ids})
        tokenizer.no_truncation()
    return {"texts": texts, "pairs": pairs}


def write(name, tokenizer, offsets=True, vocab_txt=None):
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text(json.dumps(expected(tokenizer, offsets)) + "\n")
    if vocab_txt is None:
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        return
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(token + "\n" for token, _ in tokens), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(vocab_txt) + "\n")


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    write("bert_uncased", bert())
    write("bert_cased", bert(lowercase=False))
    write("bert_accents", bert(strip_accents=False, chinese=False))
    write("bert_vocab_txt", bert(), vocab_txt={"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    nfkc = normalizers.NFKC()
    characters = {c for raw in TEXTS for c in raw.decode("utf-8", errors="replace") if c not in "\0\ufffd"}
    keys = {c: nfkc.normalize_str(c) for c in characters if nfkc.normalize_str(c) != c}
    keys.update({"\t": " ", "\n": " ", "\r": " ", "\u2028": " ", "\u200b": " ", "\u00ad": "", "e\u0301": "é"})
    write("unigram", unigram(small_charsmap(keys)), offsets=False)
    write("unigram_whitespace_split", unigram(small_charsmap(keys), modern=False), offsets=False)
    for path in sorted(ROOT.rglob("*.*")):
        print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    main()
