#!/usr/bin/env python3
"""Writes train/testdata/adamw.json: what torch.optim.AdamW makes of given gradients in fp64.

    pip install torch
    python3 scripts/make_adamw_vectors.py

With clipping by torch's clip_grad_norm_, warm-up, a linear schedule and averaged weights. Matrices decay, vectors do not.
"""
import json
import pathlib

import torch

STEPS, WARMUP, RATE, LOWEST, DECAY, CLIP, EMA = 24, 5, 0.05, 0.1, 0.1, 1.0, 0.6
torch.manual_seed(5)
shapes = {"matrix": (4, 3), "bias": (3,)}
values = {name: torch.randn(shape, dtype=torch.float64) for name, shape in shapes.items()}
start = {name: value.clone() for name, value in values.items()}
# Some are longer than CLIP and some are not.
gradients = [{name: torch.randn(shape, dtype=torch.float64) * (0.1 if step % 3 == 0 else 0.7)
              for name, shape in shapes.items()} for step in range(STEPS)]
parameters = {name: value.clone().requires_grad_() for name, value in values.items()}
optimizer = torch.optim.AdamW([{"params": [parameters["matrix"]], "weight_decay": DECAY},
                               {"params": [parameters["bias"]], "weight_decay": 0.0}],
                              lr=RATE, betas=(0.9, 0.98), eps=1e-6)


def rate(step):
    if step < WARMUP:
        return RATE * (step + 1) / WARMUP
    left = (STEPS - step) / (STEPS - WARMUP)
    return RATE * (LOWEST + (1 - LOWEST) * left)


averages = {name: value.clone() for name, value in values.items()}
steps, clipped = [], 0
for step in range(STEPS):
    for group in optimizer.param_groups:
        group["lr"] = rate(step)
    for name, parameter in parameters.items():
        parameter.grad = gradients[step][name].clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP)
    clipped += int(norm > CLIP)
    optimizer.step()
    decay = min(EMA, (1 + step) / (10 + step))
    for name, parameter in parameters.items():
        averages[name] = decay * averages[name] + (1 - decay) * parameter.detach()
    steps.append({"gradients": {name: g.tolist() for name, g in gradients[step].items()}, "norm": norm.item(),
                  "learning_rate": rate(step), "values": {name: p.tolist() for name, p in parameters.items()},
                  "averages": {name: a.tolist() for name, a in averages.items()}})
assert 0 < clipped < STEPS
settings = {"learning_rate": RATE, "warmup_steps": WARMUP, "lowest_share": LOWEST, "weight_decay": DECAY,
            "clip_norm": CLIP, "ema": EMA, "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-6}
out = pathlib.Path(__file__).resolve().parent.parent / "train/testdata/adamw.json"
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps({"settings": settings, "start": {name: v.tolist() for name, v in start.items()}, "steps": steps}) + "\n")
