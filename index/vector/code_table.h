#pragma once

#include <cstddef>
#include <cstdint>

#include "index/vector/candidate_pool.h"
#include "index/vector/row_codec.h"
#include "index/vector/row_table.h"

namespace senvec {

// Most nodes that are measured in one call.
inline constexpr size_t kMostMeasured = 1024;

// The codes of all nodes, and how near a coded query is to some of them. A view.
class CodeMeasure {
 public:
  CodeMeasure(const uint8_t* codes, size_t code_bytes, const RowFactor* factors, const DistanceKernels& kernels)
      : codes_(codes), code_bytes_(code_bytes), factors_(factors), kernels_(&kernels) {}

  using Query = CodedQuery;

  const uint8_t* codes(uint32_t node) const { return codes_ + size_t{node} * code_bytes_; }
  const RowFactor* factor(uint32_t node) const { return factors_ == nullptr ? nullptr : factors_ + node; }

  void Prefetch(uint32_t node) const {
    const char* at = reinterpret_cast<const char*>(codes(node));
    for (size_t i = 0; i < code_bytes_; i += 64) __builtin_prefetch(at + i);
    if (factors_ != nullptr) __builtin_prefetch(factors_ + node);
  }

  // count ≤ kMostMeasured.
  void Measure(const CodedQuery& query, const uint32_t* nodes, size_t count, Rank* out) const {
    kernels_->dot_codes(query.codes.data(), {codes_, code_bytes_, nodes, count}, code_bytes_, out);
    if (factors_ == nullptr) return;
    for (size_t i = 0; i < count; ++i) out[i] = WithFactor(query, out[i], factors_[nodes[i]]);
  }
  // Of nodes [first, first + count).
  void MeasureRange(const CodedQuery& query, size_t first, size_t count, Rank* out) const {
    kernels_->dot_codes(query.codes.data(), {codes_ + first * code_bytes_, code_bytes_, nullptr, count}, code_bytes_,
                        out);
    if (factors_ == nullptr) return;
    for (size_t i = 0; i < count; ++i) out[i] = WithFactor(query, out[i], factors_[first + i]);
  }

 private:
  static Rank WithFactor(const CodedQuery& query, int32_t sum, const RowFactor& row) {
    return RankOf(query.step * row.step * static_cast<float>(sum - query.offset) + query.weight * row.bias);
  }

  const uint8_t* codes_;
  size_t code_bytes_;
  const RowFactor* factors_;
  const DistanceKernels* kernels_;
};

}  // namespace senvec
