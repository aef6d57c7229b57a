#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "encoder/torch/dropout_hash.h"

namespace senvec {

// rows × columns of 0 and 1 / (1 − probability), in fp32 on the CPU.
at::Tensor DropoutMask(int64_t rows, int64_t columns, double probability, uint64_t site);

// x: rows × columns. With autograd; x itself when probability is 0.
at::Tensor Dropout(const at::Tensor& x, double probability, uint64_t site);

}  // namespace senvec
