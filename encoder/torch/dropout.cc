#include "encoder/torch/dropout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace senvec {

at::Tensor DropoutMask(int64_t rows, int64_t columns, const Drop& drop) {
  at::Tensor mask = at::empty({rows, columns}, at::kFloat);
  const uint32_t threshold = DropoutHash::Threshold(drop.probability);
  const float kept = static_cast<float>(1 / (1 - drop.probability));
  float* values = mask.data_ptr<float>();
  at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const uint32_t row = DropoutHash::Row(drop.site, static_cast<uint64_t>(drop.first_row + r));
      for (int64_t c = 0; c < columns; ++c) {
        values[r * columns + c] = DropoutHash::Value(row, static_cast<uint32_t>(c)) < threshold ? 0.0f : kept;
      }
    }
  });
  return mask;
}

at::Tensor Dropout(const at::Tensor& x, const Drop& drop) {
  if (drop.probability == 0) return x;
  return x * DropoutMask(x.size(0), x.size(1), drop).to(x.device(), x.scalar_type());
}

}  // namespace senvec
