#pragma once

#include <cstddef>

#include "kernels/isa.h"

namespace senvec {

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

  // In place. erf form: 0.5x(1 + erf(x/√2)); tanh form: 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))).
  void (*gelu_erf)(float* x, size_t n);
  void (*gelu_tanh)(float* x, size_t n);
  void (*silu)(float* x, size_t n);
  void (*tanh)(float* x, size_t n);
  void (*relu)(float* x, size_t n);
  // e^x − handled range: below −87.3 gives 0, above 88.7 is held there.
  void (*exp)(float* x, size_t n);

  // Turns the interleaved pairs (x_2i, x_2i+1) by one angle each: cos and sin hold n/2 values. kexue.fm 8265.
  void (*rotate_pairs)(float* x, const float* cos, const float* sin, size_t n);

  // One head of one sentence: out = softmax(scale · Q Kᵀ) V.
  //   qkv: row t of the sentence begins at qkv + t·row_stride and holds this head's q at q_offset, k at k_offset
  //   and v at v_offset, head_size floats each.
  //   scratch: AttentionScratchSize(n, head_size) floats.
  //   out: row t at out + t·out_stride, head_size floats.
  // Never holds n × n scores: four queries at a time.
  void (*attention_head)(const float* qkv, size_t row_stride, size_t q_offset, size_t k_offset,
                         size_t v_offset, size_t n, size_t head_size, float scale, float* scratch,
                         float* out, size_t out_stride);
};

// Floats of scratch that attention_head needs, for any instruction set.
size_t AttentionScratchSize(size_t n, size_t head_size);

const Kernels& KernelsFor(Isa isa);

}  // namespace senvec
