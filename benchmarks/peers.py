"""Encoders to measure Senvec against. Each takes batches of token ids, and gives last hidden states.

A peer's time is that of its model alone: padding, pooling and normalising are not counted against it."""
import pathlib

import numpy as np
import torch
import transformers

torch.set_grad_enabled(False)


def batches_of(sentences, budget):
    """Indices sorted by length, in batches of at most `budget` padded tokens."""
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    batches, current = [], []
    for i in order:
        if current and len(sentences[i]) * (len(current) + 1) > budget:
            batches.append(current)
            current = []
        current.append(i)
    return batches + ([current] if current else [])


def padded(sentences, indices):
    width = max(len(sentences[i]) for i in indices)
    ids = np.zeros((len(indices), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, i in enumerate(indices):
        ids[row, :len(sentences[i])] = sentences[i]
        mask[row, :len(sentences[i])] = 1
    return {"input_ids": ids, "attention_mask": mask}


def export_onnx(model_dir, path):
    if path.exists():
        return
    model = transformers.AutoModel.from_pretrained(model_dir, dtype=torch.float32, attn_implementation="eager").eval()
    model.config.return_dict = False

    class LastState(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask)[0]

    example = torch.ones(2, 7, dtype=torch.long)
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(LastState(), (example, example), str(path), input_names=["input_ids", "attention_mask"],
                      output_names=["states"], opset_version=17, dynamo=False,
                      dynamic_axes={"input_ids": axes, "attention_mask": axes, "states": axes})


class Peer:
    """feed() prepares a set once; run() computes it; vectors() pools what it gave, for the check."""
    budgets = (512, 2048)
    modes = ("",)

    def feed(self, sentences, budget):
        self.batches = batches_of(sentences, budget)
        self.sentences = sentences
        self.inputs = [padded(sentences, batch) for batch in self.batches]

    def run(self):
        return [self.forward(inputs) for inputs in self.inputs]

    def vectors(self):
        rows = [None] * len(self.sentences)
        for batch, inputs, states in zip(self.batches, self.inputs, self.run()):
            mask = inputs["attention_mask"][..., None].astype(np.float64)
            means = (np.asarray(states, dtype=np.float64) * mask).sum(1) / mask.sum(1)
            for i, mean in zip(batch, means):
                rows[i] = mean / np.linalg.norm(mean)
        return np.stack(rows)


class OnnxRuntime(Peer):
    def __init__(self, name, model_dir, work, threads):
        import onnxruntime
        from onnxruntime.quantization import QuantType, quantize_dynamic
        self.name = name
        path = work / "model.onnx"
        export_onnx(model_dir, path)
        if name.endswith("int8"):
            quantized = work / "model.int8.onnx"
            if not quantized.exists():
                quantize_dynamic(path, quantized, weight_type=QuantType.QInt8, per_channel=True)
            path = quantized
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def forward(self, inputs):
        return self.session.run(None, inputs)[0]


class OpenVino(Peer):
    modes = ("latency", "throughput")  # one stream of all threads, or a stream a thread

    def __init__(self, name, model_dir, work, threads):
        import openvino
        self.name, self.threads, self.openvino = name, threads, openvino
        path = work / "model.onnx"
        export_onnx(model_dir, path)
        self.core = openvino.Core()
        self.model = self.core.convert_model(path) if hasattr(self.core, "convert_model") else openvino.convert_model(path)
        self.compiled = {mode: self.compile(mode) for mode in self.modes}
        self.mode = "latency"

    def compile(self, mode):
        streams = 1 if mode == "latency" else self.threads
        return self.core.compile_model(self.model, "CPU", {
            "INFERENCE_PRECISION_HINT": "bf16" if self.name.endswith("bf16") else "f32",
            "INFERENCE_NUM_THREADS": self.threads, "NUM_STREAMS": streams})

    def forward(self, inputs):
        return self.compiled["latency"](inputs)[0]

    def run(self):
        if self.mode == "latency":
            return [self.forward(inputs).copy() for inputs in self.inputs]
        results = [None] * len(self.inputs)
        queue = self.openvino.AsyncInferQueue(self.compiled["throughput"], 2 * self.threads)
        queue.set_callback(lambda request, i: results.__setitem__(i, request.get_output_tensor(0).data.copy()))
        for i, inputs in enumerate(self.inputs):
            queue.start_async(inputs, i)
        queue.wait_all()
        return results


class CTranslate2(Peer):
    def __init__(self, name, model_dir, work, threads):
        import ctranslate2
        self.name = name
        path = work / "ctranslate2"
        if not path.exists():
            ctranslate2.converters.TransformersConverter(str(model_dir)).convert(str(path))
        self.encoder = ctranslate2.Encoder(str(path), device="cpu", intra_threads=threads, inter_threads=1,
                                           compute_type="int8" if name.endswith("int8") else "float32")

    def forward(self, inputs):
        lengths = inputs["attention_mask"].sum(1)
        rows = [row[:n].tolist() for row, n in zip(inputs["input_ids"], lengths)]
        return np.asarray(self.encoder.forward_batch(rows).last_hidden_state)


class Torch(Peer):
    def __init__(self, name, model_dir, work, threads):
        self.name = name
        torch.set_num_threads(threads)
        dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
        self.model = transformers.AutoModel.from_pretrained(model_dir, dtype=dtype, attn_implementation="sdpa").eval()

    def forward(self, inputs):
        tensors = {key: torch.from_numpy(value) for key, value in inputs.items()}
        return self.model(**tensors).last_hidden_state.float().numpy()


PEERS = {"onnxruntime fp32": OnnxRuntime, "onnxruntime int8": OnnxRuntime, "OpenVINO fp32": OpenVino,
         "OpenVINO bf16": OpenVino, "CTranslate2 fp32": CTranslate2, "CTranslate2 int8": CTranslate2,
         "torch bf16": Torch}
