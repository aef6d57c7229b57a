#!/usr/bin/env python3
"""Copies a trained model directory to where it is shipped from, its weights in fp16; Python's standard library alone.

    export_model.py TRAINED OUTPUT

Takes the transformer, the modules that modules.json names and the model card, and nothing else of a run: no checkpoint, no
log. Refuses a value that fp16 cannot hold and a directory above 20 MB.
"""
import array
import json
import pathlib
import shutil
import struct
import sys

LARGEST = 20 * 1000 * 1000
TEXTS = ["config.json", "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "tokenizer.json",
         "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "README.md"]


def to_half(source, target):
    """Rewrites a safetensors file with its F32 tensors as F16."""
    raw = source.read_bytes()
    head_size = struct.unpack("<Q", raw[:8])[0]
    head = json.loads(raw[8:8 + head_size])
    data = memoryview(raw)[8 + head_size:]
    out_head, parts, offset = {}, [], 0
    for name, entry in head.items():
        if name == "__metadata__":
            out_head[name] = entry
            continue
        begin, end = entry["data_offsets"]
        part, dtype = bytes(data[begin:end]), entry["dtype"]
        if dtype == "F32":
            values = array.array("f")
            values.frombytes(part)
            if sys.byteorder == "big":
                values.byteswap()
            try:
                part = struct.pack(f"<{len(values)}e", *values)
            except OverflowError:
                sys.exit(f"{source}: {name} has a value that fp16 cannot hold")
            dtype = "F16"
        out_head[name] = {"dtype": dtype, "shape": entry["shape"], "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    text = json.dumps(out_head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    target.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def copy_folder(source, target):
    target.mkdir(parents=True, exist_ok=True)
    for name in TEXTS:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    if (source / "model.safetensors").exists():
        to_half(source / "model.safetensors", target / "model.safetensors")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    copy_folder(source, target)
    modules = source / "modules.json"
    for module in json.loads(modules.read_text()) if modules.exists() else []:
        if module["path"]:
            copy_folder(source / module["path"], target / module["path"])
    size = sum(f.stat().st_size for f in target.rglob("*") if f.is_file())
    print(f"{target}: {size:,} bytes")
    if size > LARGEST:
        sys.exit(f"{target} is larger than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
