#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Area under the ROC curve: the chance that a positive has a higher score than a negative, equal
// scores counting half. O(n log n). The errors of CheckBinary(), and FailedPrecondition when one
// class is missing, where it has no value.
absl::StatusOr<double> RocAuc(absl::Span<const double> scores, absl::Span<const uint8_t> labels);

// Σ (R_i − R_{i−1}) P_i over the cuts between distinct scores, scikit-learn's definition, without
// interpolation. The errors of CheckBinary(), and FailedPrecondition when there is no positive.
absl::StatusOr<double> AveragePrecision(absl::Span<const double> scores,
                                        absl::Span<const uint8_t> labels);

}  // namespace senvec
