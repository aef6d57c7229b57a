#include "encoder/torch/dropout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace senvec {

at::Tensor DropoutMask(int64_t rows, int64_t columns, double probability, uint64_t site) {
  at::Tensor mask = at::empty({rows, columns}, at::kFloat);
  const uint32_t threshold = DropoutHash::Threshold(probability);
  const float kept = static_cast<float>(1 / (1 - probability));
  float* values = mask.data_ptr<float>();
  at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const uint32_t row = DropoutHash::Row(site, r);
      for (int64_t c = 0; c < columns; ++c) {
        values[r * columns + c] = DropoutHash::Value(row, static_cast<uint32_t>(c)) < threshold ? 0.0f : kept;
      }
    }
  });
  return mask;
}

at::Tensor Dropout(const at::Tensor& x, double probability, uint64_t site) {
  if (probability == 0) return x;
  return x * DropoutMask(x.size(0), x.size(1), probability, site).to(x.device(), x.scalar_type());
}

}  // namespace senvec
