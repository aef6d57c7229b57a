#!/usr/bin/env python3
"""Makes what senvec-zh-small is trained on from a folder of data sets, with Python's standard library alone.

    prepare_data.py DATA WORK

writes into WORK:
    corpus.txt       Chinese sentences without labels, each once
    train/*.tsv      pairs "text_a TAB text_b TAB label" and triples "text TAB positive TAB negative"
    dev/*.tsv        pairs that choose the checkpoint, held out of train/
    guard/           names.txt: the evaluation files, which `senvec train` holds the rows against once more

Nothing of an evaluation file goes in: no sentence of one into corpus.txt, no pair of one into train/. Rows are compared
after folding width, case and accents and dropping everything but letters and digits, which finds more than equal bytes.
Choices are made by hashes of the texts, so that the same data gives the same files.
"""
import hashlib
import pathlib
import re
import sys
import unicodedata

# Pairs of these are the test.
TESTS = ["stsb_zh/test.tsv", "lcqmc/test.tsv", "bq/test.tsv", "atec/test.tsv", "pawsx_zh/test.tsv"]
# Further evaluation files: other sets' tests and the queries of retrieval sets.
OTHER_TESTS = ["stsb_zh_deepl/test.tsv", "snli_zh/test.tsv", "qbqtc/test_public.tsv", "sohu/dd_test.tsv", "sohu/dc_test.tsv",
               "tatoeba_zh_en/test.tsv", "cmrc2018_dev/queries.tsv", "cmrc2018_trial/queries.tsv", "drcd_dev/queries.tsv",
               "xquad_zh/queries.tsv", "csl_title/queries.tsv", "epidemic_faq/queries.tsv", "insurance_zhidao/queries.tsv",
               "qbqtc_rank/queries.tsv", "rgb_zh/queries.tsv"]
# Dev sets choose the checkpoint; what is not held out is trained on.
HELD_OUT = {"atec": 2000, "bq": 1000, "lcqmc": 1000, "pawsx": 500}

# Files whose texts are taken into the corpus, with the columns that hold texts. Long texts are cut into sentences.
# Not afqmc/train_in_atec_eval: its pairs are those of ATEC's dev and test sets.
PAIRS = ["afqmc/train", "atec/dev", "atec/train_partial", "atec_ccks_mix/train", "bq/dev", "chip2019_qq/train", "cinlid/all",
         "cmnli/dev", "epidemic_qq/dev", "epidemic_qq/train", "house_qa/train", "lcqmc/dev", "ocnli/dev", "ocnli/train_10k",
         "pawsx_zh/dev", "qbqtc/dev", "snli_zh/dev", "stsb_zh/dev", "stsb_zh/train", "stsb_zh_deepl/dev", "stsb_zh_deepl/train",
         "simclue/train_pair", "simclue/train_positive"]
TRIPLES = ["simclue/train_triples", "simclue/triclue_small_train", "simclue/triclue_small_dev"]
DOCUMENTS = ["cmrc2018_dev", "cmrc2018_trial", "csl_title", "drcd_dev", "epidemic_faq", "insurance_zhidao", "qbqtc_rank", "rgb_zh",
             "xquad_zh"]
LINES = ["simclue/corpus", "news_titles_zh/titles", "questions_zh/questions", *(f"news_zh/news_{i:02}" for i in range(7))]

SHORTEST, LONGEST = 4, 64  # characters of a sentence in the corpus
CORPUS = 900_000
SWAPS = 20_000


def fold(text):
    text = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in text if unicodedata.category(c)[0] in "LN")
    return kept or text


def draw(*texts):
    """A number in [0, 1) that the texts decide."""
    digest = hashlib.blake2b("\t".join(texts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pair_key(a, b):
    return tuple(sorted((fold(a), fold(b))))


def rows_of(path):
    with open(path, encoding="utf-8", newline="\n") as lines:
        return [line.rstrip("\n").split("\t") for line in lines if line.strip()]


def is_number(text):
    return re.fullmatch(r"[-+]?[0-9.]+", text) is not None


class Evaluation:
    """Sentences and pairs that must not be trained on."""

    def __init__(self, data):
        self.sentences, self.pairs, self.files = set(), set(), []
        for name in TESTS + OTHER_TESTS:
            self.files.append(name)
            is_query = name.endswith("queries.tsv")
            for row in rows_of(data / name):
                texts = row[1:2] if is_query else row[:2]
                self.sentences.update(fold(t) for t in texts)
                # A long text's sentences, too: the corpus is cut into sentences.
                for text in texts:
                    self.sentences.update(fold(s) for s in sentences_of(text))
                if len(texts) == 2:
                    self.pairs.add(pair_key(*texts))

    def has_pair(self, a, b):
        return pair_key(a, b) in self.pairs


def sentences_of(text):
    """Sentences of at most LONGEST characters; longer ones are cut at commas."""
    for sentence in re.split(r"(?<=[。！？!?；;])\s*|\s{2,}", text):
        sentence = sentence.strip(" \u3000\"“”‘’'")
        if len(sentence) <= LONGEST:
            yield sentence
            continue
        part = ""
        for clause in re.split(r"(?<=[，,：:])", sentence):
            if part and len(part) + len(clause) > LONGEST:
                yield part
                part = ""
            part += clause
        if len(part) <= LONGEST:
            yield part


def is_chinese(text):
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return han >= 2 and han * 2 >= len(text) - text.count(" ") - sum(c.isascii() for c in text) // 2


def corpus_texts(data):
    for name in PAIRS:
        for row in rows_of(data / f"{name}.tsv"):
            yield from row[:2]
    for name in TRIPLES:
        for row in rows_of(data / f"{name}.tsv"):
            yield from row[:3]
    for name in DOCUMENTS:
        for row in rows_of(data / name / "corpus.tsv"):
            yield row[1]
    for name in LINES:
        for row in rows_of(data / f"{name}.txt"):
            yield row[0]
    for row in rows_of(data / "poems_zh/song_ci.tsv"):
        yield row[2]


def write_corpus(data, evaluation, path):
    seen, left_out, kept = set(), 0, []
    for text in corpus_texts(data):
        whole = text.strip()
        for sentence in [whole] if len(whole) <= LONGEST else sentences_of(whole):
            if not SHORTEST <= len(sentence) <= LONGEST or not is_chinese(sentence):
                continue
            key = fold(sentence)
            if key in evaluation.sentences:
                left_out += 1
            elif key not in seen:
                seen.add(key)
                kept.append(sentence)
    kept.sort(key=draw)
    chosen = kept[:CORPUS]
    path.write_text("".join(f"{s}\n" for s in chosen), encoding="utf-8")
    print(f"{path.name}: {len(chosen):,} sentences of {len(kept):,}; {left_out:,} left out that stand in evaluation files")


class Writer:
    """Writes rows of one task, each pair once in the whole task."""

    def __init__(self, evaluation, held_out_keys):
        self.evaluation, self.held_out = evaluation, held_out_keys

    def write(self, path, rows):
        seen, lines, dropped, repeated = set(), [], 0, 0
        for row in rows:
            texts = row[:2] if is_label(row[-1]) else row
            pairs = [(texts[0], other) for other in texts[1:]]
            keys = [pair_key(*p) for p in pairs]
            if any(k in self.evaluation.pairs or k in self.held_out for k in keys):
                dropped += 1
            elif not all(t.strip() for t in texts):
                continue
            elif tuple(keys) in seen:
                repeated += 1
            else:
                seen.add(tuple(keys))
                lines.append("\t".join(row) + "\n")
        path.write_text("".join(lines), encoding="utf-8")
        print(f"train/{path.name}: {len(lines):,} rows; left out: {dropped:,} of evaluation or dev, {repeated:,} repeated")


NLI = {"entailment": "1", "neutral": "0.5", "contradiction": "0"}


def is_label(text):
    return is_number(text) or text in NLI


def nli_pairs(data, *names):
    for name in names:
        for a, b, label in rows_of(data / f"{name}.tsv"):
            yield [a, b, NLI[label]]


def nli_triples(data, *names):
    """Premises that have both a hypothesis that follows and one that contradicts."""
    for name in names:
        by_premise = {}
        for a, b, label in rows_of(data / f"{name}.tsv"):
            by_premise.setdefault(a, {}).setdefault(label, []).append(b)
        for premise, hypotheses in by_premise.items():
            for positive, negative in zip(hypotheses.get("entailment", []), hypotheses.get("contradiction", [])):
                yield [premise, positive, negative]


UNITS = [r"[0-9][0-9.,]*[0-9]|[0-9]", r"[A-Za-z][A-Za-z' .-]*[A-Za-z]", r"《[^《》]{1,16}》", r"“[^“”]{1,12}”"]


def swapped(sentence):
    """The sentence with two of its numbers, foreign names or titles exchanged, or None: units that can be told without
    cutting Chinese into words."""
    for unit in UNITS:
        first, second, *_ = [*re.finditer(unit, sentence), None, None]
        if first and second and first[0] != second[0]:
            return sentence[:first.start()] + second[0] + sentence[first.end():second.start()] + first[0] + sentence[second.end():]
    return None


def lightly_edited(sentence):
    """The sentence with a change that leaves its meaning, or None."""
    for old, new in [("但是", "不过"), ("因为", "由于"), ("可以", "能够"), ("非常", "十分"), ("但", "不过"), ("以及", "和"), ("如果", "假如"),
                     ("目前", "现在"), ("已经", "已"), ("并且", "而且"), ("所以", "因此"), ("因此", "所以"), ("并", "而且"), ("曾经", "曾"),
                     ("它", "其"), ("进行", "开展"), ("的", "")]:
        if old in sentence:
            return sentence.replace(old, new, 1)
    return None


def swap_pairs(corpus):
    """Sentences beside themselves: with two units exchanged (0) and lightly edited (1)."""
    made = 0
    for sentence in corpus.read_text(encoding="utf-8").splitlines():
        other, same = swapped(sentence), lightly_edited(sentence)
        if len(sentence) < 16 or not other or not same or made >= SWAPS:
            continue
        made += 2
        yield [sentence, other, "0"]
        yield [sentence, same, "1"]


def hold_out(rows, count):
    order = sorted(rows, key=lambda r: draw(*r[:2]))
    return order[:count], order[count:]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    data, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for folder in ("train", "dev", "guard"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    evaluation = Evaluation(data)
    (work / "guard/names.txt").write_text("".join(f"{n}\n" for n in evaluation.files))
    write_corpus(data, evaluation, work / "corpus.txt")

    rest, held_keys = {}, set()
    for name, folder in [("atec", "atec"), ("bq", "bq"), ("lcqmc", "lcqmc"), ("pawsx", "pawsx_zh")]:
        rows = [r for r in rows_of(data / folder / "dev.tsv") if not evaluation.has_pair(*r[:2])]
        held, rest[name] = hold_out(rows, HELD_OUT[name])
        held_keys.update(pair_key(*r[:2]) for r in held)
        (work / f"dev/{name}.tsv").write_text("".join("\t".join(r) + "\n" for r in held), encoding="utf-8")
    stsb = [r for r in rows_of(data / "stsb_zh/dev.tsv") if not evaluation.has_pair(*r[:2])]
    held_keys.update(pair_key(*r[:2]) for r in stsb)
    held_keys.update(pair_key(*r[:2]) for r in rows_of(data / "stsb_zh_deepl/dev.tsv"))
    (work / "dev/stsb.tsv").write_text("".join("\t".join(r) + "\n" for r in stsb), encoding="utf-8")

    def tsv(*names):
        for name in names:
            yield from rows_of(data / f"{name}.tsv")

    writer, train = Writer(evaluation, held_keys), work / "train"
    writer.write(train / "atec.tsv", [*rest["atec"], *tsv("atec/train_partial", "afqmc/train")])
    writer.write(train / "atec_ccks.tsv", tsv("atec_ccks_mix/train"))
    writer.write(train / "bq.tsv", rest["bq"])
    writer.write(train / "lcqmc.tsv", rest["lcqmc"])
    writer.write(train / "pawsx.tsv", rest["pawsx"])
    writer.write(train / "stsb.tsv", tsv("stsb_zh/train"))
    writer.write(train / "stsb_deepl.tsv", tsv("stsb_zh_deepl/train"))
    writer.write(train / "chip2019.tsv", tsv("chip2019_qq/train"))
    writer.write(train / "simclue_pairs.tsv", tsv("simclue/train_pair"))
    writer.write(train / "nli.tsv", nli_pairs(data, "ocnli/train_10k", "ocnli/dev", "cmnli/dev", "snli_zh/dev"))
    writer.write(train / "idioms.tsv", nli_pairs(data, "cinlid/all"))
    writer.write(train / "nli_triples.tsv", nli_triples(data, "ocnli/train_10k", "ocnli/dev", "cmnli/dev", "snli_zh/dev"))
    writer.write(train / "simclue_triples.tsv", tsv("simclue/train_triples", "simclue/triclue_small_train"))
    writer.write(train / "simclue_positives.tsv", ([a, b] for a, b, *_ in tsv("simclue/train_positive")))
    writer.write(train / "order.tsv", swap_pairs(work / "corpus.txt"))


if __name__ == "__main__":
    main()
