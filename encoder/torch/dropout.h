#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "encoder/torch/dropout_hash.h"

namespace senvec {

// What is dropped at one place of a pass.
struct Drop {
  double probability = 0;  // in [0, 1)
  uint64_t site = 0;
  // What the hash calls row 0, so that a batch cut in pieces drops what the whole one drops.
  int64_t first_row = 0;
};

// rows × columns of 0 and 1 / (1 − probability), in fp32 on the CPU.
at::Tensor DropoutMask(int64_t rows, int64_t columns, const Drop& drop);

// x: rows × columns. With autograd; x itself when probability is 0.
at::Tensor Dropout(const at::Tensor& x, const Drop& drop);

}  // namespace senvec
