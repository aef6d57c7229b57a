#!/usr/bin/env python3
"""Writes encoder/weights/testdata/reference.safetensors with the safetensors library (needs safetensors, torch)."""
import pathlib

import torch
from safetensors.torch import save_file

VALUES = torch.tensor([[0.0, 1.0, -2.5], [0.15625, 1024.0, -0.0078125]])  # exact in every float format here

folder = pathlib.Path(__file__).parent.parent / "encoder/weights/testdata"
folder.mkdir(parents=True, exist_ok=True)
save_file({"f32": VALUES, "f16": VALUES.half(), "bf16": VALUES.bfloat16(), "i64": torch.tensor([1, 2])},
          folder / "reference.safetensors", metadata={"format": "pt"})
