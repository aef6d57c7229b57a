#!/usr/bin/env python3
"""Compares Senvec's vectors with those of `transformers` in fp32, sentence by sentence.

    pip install torch transformers numpy
    python3 scripts/check_parity.py --input SENTENCES.txt MODEL_DIR…

At least 500 sentences, one a line. Each is encoded alone by transformers (no padding), pooled by the mean and normalised,
as the two models of scripts/get-model.sh ask. Exit code 1 when a cosine is below 0.999999 or a value differs by more than
2e-6.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers

LOWEST_COSINE, LARGEST_DIFFERENCE = 0.999999, 2e-6


def reference(model_dir, sentences, max_tokens):
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(pathlib.Path(model_dir) / "tokenizer.json"))
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    model = transformers.AutoModel.from_pretrained(model_dir, dtype=torch.float32, attn_implementation="eager").eval()
    rows = []
    with torch.no_grad():
        for sentence in sentences:
            ids = tokenizer.backend_tokenizer.encode(sentence).ids
            if len(ids) > max_tokens:
                ids = ids[:max_tokens - 1] + ids[-1:]
            states = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
            rows.append(torch.nn.functional.normalize(states.last_hidden_state[0].mean(dim=0), dim=0).numpy())
    return np.stack(rows)


def ours(program, model_dir, path, folder, max_tokens):
    output = pathlib.Path(folder) / "ours.npy"
    subprocess.run([program, "embed", "--model", model_dir, "--input", path, "--output", output, "--prompt", "none",
                    "--max-tokens", str(max_tokens)], check=True, stderr=subprocess.DEVNULL)
    return np.load(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--program", default="build/release/bin/senvec")
    parser.add_argument("--input", required=True)
    parser.add_argument("--max-tokens", type=int, default=256)
    options = parser.parse_args()
    sentences = pathlib.Path(options.input).read_text(encoding="utf-8").splitlines()
    if len(sentences) < 500:
        sys.exit(f"{options.input} has {len(sentences)} sentences; at least 500 are wanted")
    failed = False
    for model in options.models:
        expected = reference(model, sentences, options.max_tokens).astype(np.float64)
        with tempfile.TemporaryDirectory() as folder:
            actual = ours(options.program, model, options.input, folder, options.max_tokens).astype(np.float64)
        assert actual.shape == expected.shape, (actual.shape, expected.shape)
        cosine = (actual * expected).sum(1) / np.linalg.norm(actual, axis=1) / np.linalg.norm(expected, axis=1)
        difference = np.abs(actual - expected).max()
        good = cosine.min() >= LOWEST_COSINE and difference <= LARGEST_DIFFERENCE
        failed |= not good
        print(f"{pathlib.Path(model).name}: {len(sentences)} sentences, lowest cosine {cosine.min():.9f}, "
              f"largest difference {difference:.2e}: {'ok' if good else 'FAIL'}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
