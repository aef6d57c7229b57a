#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "index/vector/vector_options.h"
#include "kernels/distance.h"

namespace senvec {

// The rows that final scores are computed from, float or half float, one after the other. A view.
class RowTable {
 public:
  RowTable() = default;
  RowTable(const VectorIndexOptions& options, const void* rows, const DistanceKernels& kernels)
      : rows_(static_cast<const char*>(rows)),
        dim_(static_cast<size_t>(options.dim)),
        stride_(RowBytes(options)),
        half_(options.rescoring == VectorStorage::kFp16),
        negate_(options.metric == Metric::kL2),
        kernels_(&kernels),
        measure_(half_ ? (negate_ ? kernels.l2_fp16 : kernels.dot_fp16) : (negate_ ? kernels.l2_fp32 : kernels.dot_fp32)) {}

  static size_t RowBytes(const VectorIndexOptions& options) {
    return static_cast<size_t>(options.dim) * (options.rescoring == VectorStorage::kFp16 ? 2 : 4);
  }

  const DistanceKernels& kernels() const { return *kernels_; }
  size_t dim() const { return dim_; }
  size_t stride() const { return stride_; }
  const char* row(size_t r) const { return rows_ + r * stride_; }

  // Scores of rows ids[0 … count), or of `count` rows from `first` on. Higher is nearer.
  void Score(const float* query, const uint32_t* ids, size_t count, float* out) const {
    Measure(query, {rows_, stride_, ids, count}, out);
  }
  void ScoreRange(const float* query, size_t first, size_t count, float* out) const {
    Measure(query, {row(first), stride_, nullptr, count}, out);
  }

  // As floats.
  void Read(size_t r, absl::Span<float> out) const;
  // Writes rows as the table keeps them: rows.size() values to `out`.
  static void Encode(const VectorIndexOptions& options, const DistanceKernels& kernels, absl::Span<const float> rows,
                     void* out);

 private:
  void Measure(const float* query, const RowsView& view, float* out) const {
    measure_(query, view, dim_, out);
    if (!negate_) return;
    for (size_t i = 0; i < view.count; ++i) out[i] = -out[i];
  }

  const char* rows_ = nullptr;
  size_t dim_ = 0, stride_ = 0;
  bool half_ = false, negate_ = false;
  const DistanceKernels* kernels_ = nullptr;
  DistanceKernels::FloatRows measure_ = nullptr;
};

}  // namespace senvec
