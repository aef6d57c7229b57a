#!/usr/bin/env python3
"""Makes encoder/arch/testdata: tiny random checkpoints and what `transformers` computes from them in fp32.

    pip install torch transformers safetensors
    python3 scripts/make_tiny_models.py

Each folder holds config.json, model.safetensors and expected.json: sentences as ids and type ids, and for each the
token vectors after the first and the last block and the pooler's output (none where the checkpoint has no pooler).
"""
import json
import pathlib
import random

import torch
import transformers
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent / "encoder" / "arch" / "testdata"
SIZES = dict(vocab_size=40, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
             max_position_embeddings=32, type_vocab_size=2, initializer_range=0.3, hidden_dropout_prob=0.0,
             attention_probs_dropout_prob=0.0)


def randomize(model, seed):
    """Biases and norms too, which the library leaves at 0 and 1: a swapped pair would not be seen otherwise."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "embed_positions" in name:  # a computed table, not a weight
                continue
            base = 1.0 if "LayerNorm.weight" in name else 0.0
            parameter.copy_(base + 0.3 * torch.randn_like(parameter))


def sentences(config, seed):
    rng = random.Random(seed)
    for length in (1, 2, 5, 17, 29):
        yield ([rng.randrange(3, config.vocab_size) for _ in range(length)],
               [rng.randrange(config.type_vocab_size) for _ in range(length)])


def rows(tensor):
    return [[float(f"{value:.9g}") for value in row] for row in tensor.tolist()]


def write(name, model, config, prefix="", pooler=None, dtype=torch.float32, gamma=False):
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    randomize(model, seed=sum(name.encode()))
    model.to(dtype).to(torch.float32).eval()
    tensors = {prefix + key: value.to(dtype).contiguous() for key, value in model.state_dict().items()
               if "position_ids" not in key and "token_type_ids" not in key and "embed_positions" not in key}
    if pooler is not None:
        tensors.update({f"{prefix}pooler.dense.weight": pooler.weight.detach(),
                        f"{prefix}pooler.dense.bias": pooler.bias.detach()})
    if gamma:  # the names of old checkpoints
        tensors = {key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
                   for key, value in tensors.items()}
    save_file(tensors, folder / "model.safetensors")
    written = {key: value for key, value in config.to_dict().items()
               if key in SIZES or key in ("model_type", "hidden_act", "embedding_size", "layer_norm_eps", "rotary_value",
                                          "pad_token_id", "pooler_activation")}
    (folder / "config.json").write_text(json.dumps(written, indent=1) + "\n")
    cases = []
    for ids, types in sentences(config, seed=7):
        with torch.no_grad():
            output = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]),
                           attention_mask=torch.ones(1, len(ids), dtype=torch.long), output_hidden_states=True)
            pooled = getattr(output, "pooler_output", None)
            if pooler is not None:
                pooled = pooler(output.last_hidden_state[:, 0])
        cases.append({"ids": ids, "type_ids": types, "first": rows(output.hidden_states[1][0]),
                      "last": rows(output.last_hidden_state[0]),
                      "pooler": rows(pooled)[0] if pooled is not None else []})
    (folder / "expected.json").write_text(json.dumps(cases) + "\n")
    print(f"{name}: {sum(t.numel() for t in tensors.values())} parameters")


def main():
    bert = transformers.BertConfig(**SIZES, hidden_act="gelu", pad_token_id=0)
    write("bert", transformers.BertModel(bert), bert)
    tanh = transformers.BertConfig(**SIZES, hidden_act="gelu_new", pad_token_id=0)
    write("bert_fp16_gelu_new", transformers.BertModel(tanh, add_pooling_layer=False), tanh, prefix="bert.",
          dtype=torch.float16, gamma=True)
    roberta = transformers.XLMRobertaConfig(**{**SIZES, "type_vocab_size": 1, "max_position_embeddings": 34},
                                            pad_token_id=1)
    write("xlm_roberta", transformers.XLMRobertaModel(roberta), roberta, prefix="roberta.")
    torch.manual_seed(3)
    linear = torch.nn.Linear(SIZES["hidden_size"], SIZES["hidden_size"])
    former = transformers.RoFormerConfig(**SIZES, embedding_size=16, hidden_act="gelu", rotary_value=False,
                                         pad_token_id=0)
    write("roformer", transformers.RoFormerModel(former), former, prefix="roformer.", pooler=linear)
    value = transformers.RoFormerConfig(**SIZES, embedding_size=24, hidden_act="relu", rotary_value=True,
                                        pad_token_id=0)
    write("roformer_rotary_value", transformers.RoFormerModel(value), value)


if __name__ == "__main__":
    main()
