#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// What a yes-or-no decision got right. Where a share has nothing to be a share of it is 0, as in
// scikit-learn with zero_division=0.
struct Confusion {
  int64_t true_positives = 0;
  int64_t false_positives = 0;
  int64_t true_negatives = 0;
  int64_t false_negatives = 0;

  int64_t total() const {
    return true_positives + false_positives + true_negatives + false_negatives;
  }
  double Accuracy() const;
  double Precision() const;
  double Recall() const;
  double F1() const;
  // Matthews' correlation, in [−1, 1].
  double Mcc() const;
};

// Checks what every binary measure needs: one label a score, at least one, scores finite, labels 0
// or 1 (1 is positive). InvalidArgument names position and value.
absl::Status CheckBinary(absl::Span<const double> scores, absl::Span<const uint8_t> labels);

// Decisions `score >= threshold`. The errors of CheckBinary().
absl::StatusOr<Confusion> Decide(absl::Span<const double> scores, absl::Span<const uint8_t> labels,
                                 double threshold);

}  // namespace senvec
