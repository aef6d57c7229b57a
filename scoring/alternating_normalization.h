#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// Classification with Alternating Normalization: kexue.fm 8728, arXiv 2109.13449. The defaults were best there.
struct CanOptions {
  int32_t top_k = 3;       // probabilities that tell how sure a prediction is, at least 2
  double threshold = 0.9;  // τ, in [0, 1]: predictions this unsure or more are corrected
  double alpha = 1;        // α, in (0, 20]: sharpens before each round
  int32_t iterations = 1;  // in [1, 100]

  absl::Status Validate() const;
};

// U(p) = −Σ p̃_i ln p̃_i / ln k over the k largest probabilities, made to sum to one: 0 = sure, 1 = not at all. k is at
// most the number of classes; 0 for one class. p: finite, ≥ 0, not all 0.
double TopKUncertainty(absl::Span<const double> p, int32_t k);

struct CanResult {
  std::vector<double> probabilities;  // rows × classes; confident rows as they came
  std::vector<bool> corrected;        // of each row
};

// Corrects each prediction of a batch that is not sure, by itself, with the sure ones and the prior:
//   Y = [A; p]; repeat: Y ← Y^α; Y ← Y / mean of each class; Y ← Y · prior; Y ← Y / sum of each row; out = last row.
// A starts anew for every p; without any sure row it is the identity, as in the authors' code. A class that has no mass
// anywhere keeps none; a row whose mass all meets a prior of 0 stays as it came.
//
// p: rows × classes, each row finite, ≥ 0, summing to 1 ± 1e-3; prior: classes values, finite, ≥ 0, not all 0 (made to
// sum to one). InvalidArgument names the row or the class. With α = 1 and one iteration O(rows · classes), otherwise
// O(rows² · classes · iterations).
absl::StatusOr<CanResult> AlternatingNormalization(absl::Span<const double> p, absl::Span<const double> prior,
                                                   const CanOptions& options);

}  // namespace senvec
