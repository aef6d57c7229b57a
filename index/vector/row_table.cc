#include "index/vector/row_table.h"

#include <cstring>

namespace senvec {

void RowTable::Read(size_t r, absl::Span<float> out) const {
  if (half_) {
    kernels_->from_fp16(reinterpret_cast<const uint16_t*>(row(r)), dim_, out.data());
  } else {
    std::memcpy(out.data(), row(r), dim_ * sizeof(float));
  }
}

void RowTable::Encode(const VectorIndexOptions& options, const DistanceKernels& kernels, absl::Span<const float> rows,
                      void* out) {
  if (options.rescoring == VectorStorage::kFp16) {
    kernels.to_fp16(rows.data(), rows.size(), static_cast<uint16_t*>(out));
  } else if (!rows.empty()) {
    std::memcpy(out, rows.data(), rows.size() * sizeof(float));
  }
}

}  // namespace senvec
