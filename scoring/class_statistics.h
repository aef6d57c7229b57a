#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// What a closed-form classifier needs of labelled vectors, in one pass and O(classes · dim + dim²) memory: counts, sums
// and one matrix of second moments, in fp64, about the first vector so that a common offset costs no digits.
// Not thread-safe.
class ClassStatistics {
 public:
  explicit ClassStatistics(int32_t dim);

  // InvalidArgument: an empty label or one that is not UTF-8, another size than dim, a value that is not finite; nothing
  // is added then.
  absl::Status Add(absl::string_view label, absl::Span<const float> row);

  int32_t dim() const { return dim_; }
  int64_t count() const { return count_; }
  const std::vector<std::string>& labels() const { return labels_; }  // in order of appearance
  const std::vector<int64_t>& counts() const { return counts_; }
  const std::vector<double>& shift() const { return shift_; }  // what is subtracted from every vector

  // Class means about shift(), labels().size() × dim.
  std::vector<double> Means() const;
  // Σ̃ + μ̃ᵀμ̃ − Σ_i p_i μ_iᵀ μ_i (kexue.fm 8578), dim × dim: the covariance that the classes share, with 1/N.
  std::vector<double> WithinCovariance() const;
  // Mean squared distance from shift(): what the trace of WithinCovariance() is to be compared with.
  double MeanSquare() const;

 private:
  const int32_t dim_;
  int64_t count_ = 0;
  std::vector<std::string> labels_;
  std::vector<int64_t> counts_;
  absl::flat_hash_map<std::string, size_t> positions_;
  std::vector<double> shift_;
  std::vector<double> sums_;     // labels × dim
  std::vector<double> moments_;  // dim × dim, the lower triangle
};

}  // namespace senvec
