#!/usr/bin/env python3
"""Trains one small encoder with one loss after another and says which serves best, as kexue.fm 8847 and 5743 claim.

    benchmarks/claim_losses.py --model share/models/senvec-zh-small --work WORK --data DATA --output OUT [--steps 300]

WORK is what models-src/senvec-zh-small/prepare_data.py left (train/NAME.tsv, dev/NAME.tsv), DATA the folder of data sets. Two
tables, each with several seeds, as JSON, text and an SVG in OUT:

  pairs    CoSENT, the Sentence-BERT head and plain cosines on ATEC, LCQMC and STS-B: Spearman on the test set of the weights
           that were best on the dev set. All three see the same batches in the same order.
  groups   AM-Softmax, the same without margin, and a plain softmax classifier on groups of questions that mean the same,
           joined from pairs labelled so: of groups that were not trained on, how often the nearest other question of a
           sentence is one of its group (top 1), or one of the nearest five or ten.

Finished runs are not repeated when the command is given again. Needs numpy for the groups.
"""
import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAIR_SETS = {"ATEC": ("atec", "atec"), "LCQMC": ("lcqmc", "lcqmc"), "STS-B": ("stsb", "stsb_zh")}
PAIR_LOSSES = {"CoSENT": "cosent", "Sentence-BERT": "sbert", "cosine": "cosine"}
GROUP_LOSSES = {"AM-Softmax": {"loss": "amsoftmax"}, "no margin": {"loss": "amsoftmax", "options": {"margin": 0}},
                "softmax": {"loss": "softmax"}}
GROUP_SOURCES = ("atec", "bq", "lcqmc", "chip2019", "atec_ccks")
SMALLEST_GROUP, LARGEST_GROUP = 3, 30


def lines(path):
    return [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]


class Trainer:
    def __init__(self, args):
        self.args = args
        self.program = pathlib.Path(args.senvec)

    def run(self, name, task, dev):
        """The folder of the model that one configuration gives."""
        output = self.args.output / "runs" / name
        if (output / "done").exists():
            return output
        config = {
            "output": str(output.resolve()), "seed": task.pop("seed"), "steps": self.args.steps, "precision": "bf16",
            "log_every": 25, "dev_every": max(1, self.args.steps // 6), "checkpoint_every": self.args.steps,
            "model": {"from": str(self.args.model.resolve()), "dropout": 0.1},
            "optimizer": {"learning_rate": self.args.learning_rate, "warmup_steps": self.args.steps // 10, "weight_decay": 0.01},
            "tasks": [{"name": "t", "max_tokens": 64, "duplicates": "count", **task}], "dev": dev,
        }
        path = self.args.output / "runs" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config, ensure_ascii=False, indent=2))
        subprocess.run([self.program, "train", "--config", path, "--quiet"], check=True)
        (output / "checkpoint.safetensors").unlink(missing_ok=True)
        (output / "done").write_text("")
        return output

    def spearman(self, model, path):
        out = subprocess.run([self.program, "eval", "sts", "--model", model, "--input", path, "--json"], check=True,
                             capture_output=True, text=True).stdout
        return json.loads(out)["spearman"]


def labels_for(loss, rows):
    """Classes of the head, or labels in [0, 1], for losses that cannot take scores as they are: above half means the same."""
    values = sorted({float(row[2]) for row in rows})
    if loss == "cosent" or len(values) == 2:
        return rows
    if loss == "sbert":  # as the post does on STS-B
        return [[a, b, str(int(float(label) > 2.5))] for a, b, label in rows]
    return [[a, b, f"{float(label) / values[-1]:.4f}"] for a, b, label in rows]


def pairs(args, trainer):
    results = {}
    for title, (name, test) in PAIR_SETS.items():
        rows = lines(args.work / "train" / f"{name}.tsv")
        for loss_title, loss in PAIR_LOSSES.items():
            data = args.output / "data" / f"{name}_{loss}.tsv"
            data.parent.mkdir(parents=True, exist_ok=True)
            data.write_text("".join("\t".join(row) + "\n" for row in labels_for(loss, rows)), encoding="utf-8")
            for seed in range(1, args.seeds + 1):
                model = trainer.run(f"{name}_{loss}_{seed}",
                                    {"seed": seed, "loss": loss, "files": [str(data.resolve())], "batch_size": 64},
                                    [{"name": name, "file": str((args.work / "dev" / f"{name}.tsv").resolve())}])
                score = trainer.spearman(model, args.data / test / "test.tsv")
                results.setdefault(title, {}).setdefault(loss_title, []).append(score)
                print(f"{title:6} {loss_title:14} seed {seed}: {score:.4f}", flush=True)
    return results


def groups_of(work):
    """Groups of texts joined by pairs that mean the same; a text is in one."""
    parent = {}

    def find(text):
        while parent.setdefault(text, text) != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    for source in GROUP_SOURCES:
        for a, b, label in lines(work / "train" / f"{source}.tsv"):
            if float(label) == 1:
                parent[find(a)] = find(b)
    members = {}
    for text in sorted(parent):
        members.setdefault(find(text), []).append(text)
    return [group for _, group in sorted(members.items()) if SMALLEST_GROUP <= len(group) <= LARGEST_GROUP]


def hits(args, model, groups):
    """Share of sentences whose nearest 1, 5, 10 others hold one of their group."""
    import numpy as np
    texts, owner = [t for group in groups for t in group], np.array([g for g, group in enumerate(groups) for _ in group])
    folder = args.output / "data"
    (folder / "held_out.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    subprocess.run([args.senvec, "embed", "--model", model, "--input", folder / "held_out.txt", "--output",
                    folder / "held_out.npy", "--quiet"], check=True)
    rows = np.load(folder / "held_out.npy")
    found = {1: 0, 5: 0, 10: 0}
    for begin in range(0, len(rows), 512):
        scores = rows[begin:begin + 512] @ rows.T
        scores[np.arange(len(scores)), np.arange(begin, begin + len(scores))] = -2
        nearest = np.argsort(-scores, axis=1)[:, :10]
        same = owner[nearest] == owner[begin:begin + len(scores), None]
        for k in found:
            found[k] += int(same[:, :k].any(axis=1).sum())
    return {k: n / len(texts) for k, n in found.items()}


def grouped(args, trainer):
    groups = groups_of(args.work)
    random.Random(1).shuffle(groups)
    cut = len(groups) * 4 // 5
    data = args.output / "data" / "groups.tsv"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text("".join(f"{text}\tg{g}\n" for g, group in enumerate(groups[:cut]) for text in group), encoding="utf-8")
    print(f"{len(groups)} groups, {sum(map(len, groups))} texts; {cut} groups to train on", flush=True)
    results = {}
    for title, task in GROUP_LOSSES.items():
        for seed in range(1, args.seeds + 1):
            model = trainer.run(f"groups_{title.replace(' ', '_')}_{seed}",
                                {"seed": seed, "files": [str(data.resolve())], "batch_size": 128, **task}, [])
            found = hits(args, model, groups[cut:])
            for k, share in found.items():
                results.setdefault(f"top {k}", {}).setdefault(title, []).append(share)
            print(f"groups {title:12} seed {seed}: " + ", ".join(f"top {k} {v:.4f}" for k, v in found.items()), flush=True)
    base = hits(args, args.model, groups[cut:])
    return results, {f"top {k}": v for k, v in base.items()}


def mean_and_spread(values):
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def table(results):
    losses = list(next(iter(results.values())))
    rows = ["| | " + " | ".join(losses) + " |", "|---" * (len(losses) + 1) + "|"]
    for name, by_loss in results.items():
        cells = ["{:.2f} ± {:.2f}".format(*(100 * x for x in mean_and_spread(by_loss[loss]))) for loss in losses]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def plot(results, title):
    """Each run as a dot, their mean as a bar, a panel for each set."""
    losses = list(next(iter(results.values())))
    colors = ["#1b6ca8", "#c05621", "#4a7c59"]
    width, height, left, top = 250, 240, 52, 40
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width * len(results) + 20} {height + 90}" '
           f'font-family="sans-serif" font-size="12"><text x="10" y="18" font-size="14">{title}</text>']
    for panel, (name, by_loss) in enumerate(results.items()):
        values = [100 * v for loss in losses for v in by_loss[loss]]
        low, high = math.floor(min(values)) - 1, math.ceil(max(values)) + 1
        x0 = panel * width + left
        y = lambda v: top + height * (high - v) / (high - low)
        svg.append(f'<text x="{x0 + 80}" y="{top - 6}" text-anchor="middle">{name}</text>')
        for i in range(5):
            v = low + (high - low) * i / 4
            svg.append(f'<line x1="{x0}" x2="{x0 + 180}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#ddd"/>'
                       f'<text x="{x0 - 5}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.1f}</text>')
        for i, loss in enumerate(losses):
            mean = 100 * statistics.mean(by_loss[loss])
            x = x0 + 30 + 60 * i
            svg.append(f'<rect x="{x - 18}" width="36" y="{y(mean):.1f}" height="{top + height - y(mean):.1f}" '
                       f'fill="{colors[i]}" opacity="0.35"/>')
            for k, v in enumerate(by_loss[loss]):
                svg.append(f'<circle cx="{x - 8 + 8 * k}" cy="{y(100 * v):.1f}" r="3.5" fill="{colors[i]}"/>')
            svg.append(f'<text x="{x}" y="{top + height + 16}" text-anchor="middle" font-size="10">{loss}</text>')
    return "\n".join(svg) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--senvec", default=str(ROOT / "build/release/bin/senvec"))
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--only", choices=("pairs", "groups"))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(args)
    summary = {"steps": args.steps, "learning_rate": args.learning_rate}
    if args.only != "groups":
        before = {title: trainer.spearman(args.model, args.data / test / "test.tsv") for title, (_, test) in PAIR_SETS.items()}
        results = pairs(args, trainer)
        summary["pairs"] = {"before": before, "results": results}
        (args.output / "pairs.svg").write_text(plot(results, "Spearman on the test sets, ×100"), encoding="utf-8")
        print("before training: " + ", ".join(f"{k} {v:.4f}" for k, v in before.items()) + "\n" + table(results))
    if args.only != "pairs":
        results, before = grouped(args, trainer)
        summary["groups"] = {"before": before, "results": results}
        (args.output / "groups.svg").write_text(plot(results, "Questions that find one of their group, %"), encoding="utf-8")
        print("before training: " + ", ".join(f"{k} {v:.4f}" for k, v in before.items()) + "\n" + table(results))
    (args.output / "results.json").write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))
    main()
