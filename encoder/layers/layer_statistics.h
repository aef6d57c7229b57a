#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/gemm.h"

namespace senvec {

// The largest magnitude that each channel of a product's input had.
struct ChannelRange {
  std::vector<float> largest;  // width

  // `x` holds fp32 rows.
  void Observe(const LeftOperand& x) {
    largest.resize(x.width(), 0.0f);
    for (int64_t row = 0; row < x.rows(); ++row) {
      const float* values = reinterpret_cast<const float*>(static_cast<const char*>(x.data()) + row * x.row_stride());
      for (int64_t i = 0; i < x.width(); ++i) largest[i] = std::max(largest[i], std::abs(values[i]));
    }
  }
};

// Of one block, gathered in an fp32 pass over sample sentences; int8 weights are prepared with it.
struct LayerStatistics {
  ChannelRange query_key_value, attention_output, intermediate;
};

}  // namespace senvec
