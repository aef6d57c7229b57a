#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/isa.h"
#include "kernels/precision.h"

namespace senvec {

// In place over n floats; null stands for the identity.
using ActivationFunction = void (*)(float* x, size_t n);

// What a quantised row stands for: value = scale · (code − zero), codes in [0, 255].
struct RowScale {
  float scale;
  int32_t zero;
};

// How one precision's product wants its operands. Left: rows of `k` values rounded up to whole steps, the rest zero.
// Right: panels of `panel` columns; a panel holds its steps one after the other, a step its columns, a column `group`
// values that follow each other in k. Columns past the last are zero.
struct GemmFormat {
  size_t panel;       // columns of a panel
  size_t group;       // values of k in one step
  size_t a_element;   // bytes of one left value: float; bfloat16; the code, in one or two bytes
  size_t b_element;   // bytes of one right value: float; bfloat16; int8

  size_t steps(size_t k) const { return (k + group - 1) / group; }
  size_t row_bytes(size_t k) const { return steps(k) * group * a_element; }
  size_t panel_bytes(size_t k) const { return steps(k) * group * panel * b_element; }
};

// c = act(a·b + bias) for some panels of b, on the calling thread. A row's bits depend on nothing but the row, b and
// the format: the sum over k runs in one order whatever rows stand beside.
struct GemmCall {
  const void* a;
  size_t a_stride;           // bytes from row to row
  const RowScale* a_scales;  // int8 only: one a row
  size_t rows;
  const void* b;
  const float* bias;      // whole panels
  const float* b_scales;  // int8 only: one a column, whole panels
  const float* b_sums;    // int8 only: the sum of each column's codes, whole panels
  size_t k;
  size_t n;            // columns
  size_t first_panel;  // this call's panels: [first_panel, end_panel)
  size_t end_panel;
  ActivationFunction activation;
  // Where the result goes: exactly one is set. Strides count elements. Only columns below n are written.
  float* c;
  uint16_t* c_bf16;
  size_t c_stride;
};

// One head of one sentence: out = softmax(scale · Q Kᵀ) V. Never holds n × n scores: some queries at a time. A query's
// bits do not depend on which queries are computed beside it. Finite also where scores are too large for floats.
template <typename T>
struct AttentionCallOf {
  const T* q;  // query i at q + i·q_stride, head_size values
  size_t q_stride;
  size_t num_queries;
  const T* k;  // key t at k + t·kv_stride
  const T* v;  // value t at v + t·kv_stride
  size_t kv_stride;
  size_t n;  // tokens attended to, ≥ 1
  size_t head_size;
  float scale;     // > 0
  float* scratch;  // AttentionScratchSize(n, head_size) floats
  float* out;      // query i's at out + i·out_stride
  size_t out_stride;
};
using AttentionCall = AttentionCallOf<float>;
using HalfAttentionCall = AttentionCallOf<uint16_t>;  // bfloat16

// The loops of one instruction set. Pointers need no alignment; sizes count floats unless said otherwise. For one
// input a function gives the same bits on every call; across instruction sets the last bits may differ.
struct Kernels {
  Isa isa;

  // Σ a_i b_i.
  float (*dot)(const float* a, const float* b, size_t n);
  // Σ (a_i − b_i)².
  float (*squared_l2)(const float* a, const float* b, size_t n);
  // x *= factor.
  void (*scale)(float* x, float factor, size_t n);
  // y += x.
  void (*add)(float* y, const float* x, size_t n);

  // out = (x + residual − mean) / sqrt(var + eps) · weight + bias; residual may be null; out may be x.
  void (*layer_norm)(const float* x, const float* residual, const float* weight, const float* bias,
                     float eps, size_t n, float* out);

  // In place. erf form: 0.5x(1 + erf(x/√2)), to 8e-7; tanh form: 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))).
  void (*gelu_erf)(float* x, size_t n);
  // The erf form to 2.1e-4, for products in bf16 and int8, which round by more than that.
  void (*gelu_erf_fast)(float* x, size_t n);
  void (*gelu_tanh)(float* x, size_t n);
  void (*silu)(float* x, size_t n);
  void (*tanh)(float* x, size_t n);
  void (*relu)(float* x, size_t n);
  // e^x − handled range: below −87.3 gives 0, above 88.7 is held there.
  void (*exp)(float* x, size_t n);

  // Turns the interleaved pairs (x_2i, x_2i+1) by one angle each. cos holds every cosine twice, sin every sine twice,
  // first negated: n values each. kexue.fm 8265.
  void (*rotate_pairs)(float* x, const float* cos, const float* sin, size_t n);

  void (*attention_head)(const AttentionCall& call);
  // Both products in bfloat16 with sums in fp32, softmax in fp32, its weights rounded to bfloat16. head_size is even.
  // Null where the instruction set has no such products: fp32 is as fast there.
  void (*attention_head_bf16)(const HalfAttentionCall& call);

  // A left row from n floats: rounded to nearest even, or quantised. Fills the row up to whole steps. `factors`: n, by
  // which x is multiplied first; null for none.
  void (*to_bf16)(const float* x, size_t n, uint16_t* out);
  RowScale (*quantize)(const float* x, const float* factors, size_t n, void* out);

  // By Precision.
  struct Gemm {
    GemmFormat format;
    void (*multiply)(const GemmCall& call);
  } gemm[kNumPrecisions];

  const Gemm& gemm_of(Precision precision) const { return gemm[static_cast<int>(precision)]; }
};

// Floats of scratch that either attention_head needs, for any instruction set.
size_t AttentionScratchSize(size_t n, size_t head_size);

const Kernels& KernelsFor(Isa isa);

}  // namespace senvec
