#!/usr/bin/env python3
"""Times our trainer beside PyTorch with transformers: the same model, batches, loss and precision, in one run.

  benchmarks/bench_train.py --trainer build/release/bin/senvec-train --model DIR --texts FILE [--rounds 5]

DIR holds config.json and vocab.txt, FILE has a text a line. Both sides draw batches of the same size from windows that are
ordered by length, train with AdamW, and are timed after the first steps. The loss is in-batch contrast of each text with
itself under another dropout (SimCSE), which needs no data beside texts; both sides pass every text twice. Both begin with
random weights, so that their losses cannot be equal, but they must have learnt about as much: a loss that is no number, or
farther than 0.5 from the other side's at the end, ends the run. Prints each round, and the median of the rounds' ratios with
the least and the greatest. Needs torch and transformers.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time


def ours(args, precision):
    with tempfile.TemporaryDirectory() as folder:
        config = {
            "output": "out", "steps": args.steps + args.warmup, "seed": 1, "precision": precision,
            "threads": args.threads, "log_every": args.warmup, "dev_every": 10**8, "checkpoint_every": 10**8,
            "model": {"config": str(pathlib.Path(args.model, "config.json").resolve()),
                      "tokenizer": str(pathlib.Path(args.model).resolve()), "pooling": "mean", "dropout": args.dropout},
            "optimizer": {"learning_rate": 1e-4},
            "tasks": [{"name": "t", "loss": "simcse", "files": [str(pathlib.Path(args.texts).resolve())],
                       "batch_size": args.batch, "max_tokens": args.max_tokens}],
        }
        path = pathlib.Path(folder, "config.json")
        path.write_text(json.dumps(config))
        env = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
        subprocess.run([args.trainer, "--config", str(path), "--quiet", "yes"], check=True, env=env)
        lines = [json.loads(x) for x in pathlib.Path(folder, "out/train_log.jsonl").read_text().splitlines()]
    lines = [x for x in lines if x.get("loss") and x["step"] > args.warmup]
    return sum(x["sentences_per_s"] for x in lines) / len(lines), lines[-1]["loss"]["t"]


def batches(args, tokenizer):
    texts = [x for x in pathlib.Path(args.texts).read_text().splitlines() if x.strip()]
    rng = random.Random(1)
    rng.shuffle(texts)
    encoded = tokenizer(texts, truncation=True, max_length=args.max_tokens)["input_ids"]
    window = args.batch * 64
    while True:
        for begin in range(0, len(encoded) - args.batch, window):
            rows = sorted(encoded[begin:begin + window], key=len)
            parts = [rows[i:i + args.batch] for i in range(0, len(rows) - args.batch + 1, args.batch)]
            rng.shuffle(parts)
            yield from parts


def theirs(args, precision):
    import torch
    from transformers import AutoConfig, AutoModel, BertTokenizerFast
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    config = AutoConfig.from_pretrained(args.model)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = args.dropout
    try:
        model = AutoModel.from_config(config, attn_implementation="sdpa")
    except (ValueError, TypeError, ImportError):
        model = AutoModel.from_config(config, attn_implementation="eager")
    model.train()
    tokenizer = BertTokenizerFast(str(pathlib.Path(args.model, "vocab.txt")))
    try:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    except RuntimeError:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    source = batches(args, tokenizer)
    start, losses = None, []
    for step in range(args.steps + args.warmup):
        if step == args.warmup:
            start = time.perf_counter()
        rows = [row for row in next(source) for _ in range(2)]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        hidden = hidden.float() * mask[..., None]
        vectors = torch.nn.functional.normalize(hidden.sum(1) / mask.sum(1, keepdim=True), dim=1)
        logits = vectors[0::2] @ vectors[1::2].T * 20
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(len(logits)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return args.steps * args.batch * 2 / (time.perf_counter() - start), statistics.mean(losses[-args.warmup:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", required=True, nargs="+", help="one or more builds of senvec-train")
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--batch", type=int, default=128, help="texts; each goes through twice")
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", nargs="+", default=["bf16", "fp32"])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    trainers = args.trainer
    for precision in args.precision:
        ratios = {trainer: [] for trainer in trainers}
        for n in range(args.rounds):
            rival, rival_loss = theirs(args, precision)
            line = f"{precision} round {n + 1}: PyTorch {rival:.0f} sentences/s, loss {rival_loss:.3f}"
            for trainer in trainers:
                args.trainer = trainer
                rate, loss = ours(args, precision)
                if not abs(loss - rival_loss) < 0.5:
                    raise SystemExit(f"{trainer} ends with a loss of {loss}, PyTorch with {rival_loss}")
                ratios[trainer].append(rate / rival)
                line += f"; {trainer} {rate:.0f}, loss {loss:.3f}"
            print(line, flush=True)
        for trainer, values in ratios.items():
            print(f"{precision} {trainer} / PyTorch: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})",
                  flush=True)


if __name__ == "__main__":
    main()
