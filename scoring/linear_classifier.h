#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scoring/class_statistics.h"

namespace senvec {

struct ClassifierOptions {
  // λ in [0, 1]: Σ ← (1 − λ) Σ + λ (tr Σ / dim) I. 0 is the formula as published, which needs many more vectors than
  // dimensions; 1 looks at distances from class means only. docs/scoring.md measures it.
  double shrinkage = 0.1;
  bool uniform_prior = false;  // all labels alike, instead of their shares

  absl::Status Validate() const;
};

// Where a classifier's vectors come from; kept in its file so that no other model's are given to it.
struct ClassifierSource {
  std::string model_fingerprint;
  std::string whitening_fingerprint;  // empty = none
  std::string prompt;                 // text put before a sentence
};

// Labels of vectors by logistic regression in closed form: classes are Gaussians with one covariance,
//   w_i = μ_i Σ⁻¹,  b_i = ln p_i − ½ μ_i Σ⁻¹ μ_iᵀ,  p(i|x) = softmax(w_i x + b_i)       (kexue.fm 8578; this is LDA)
// Immutable, safe for concurrent use.
class LinearClassifier {
 public:
  // InvalidArgument: no vectors, one label only. FailedPrecondition: the shared covariance has no inverse (every label
  // has one vector, or more dimensions than vectors without shrinkage); the message says what helps.
  static absl::StatusOr<LinearClassifier> Fit(const ClassStatistics& statistics, const ClassifierOptions& options,
                                              const ClassifierSource& source);

  // The file of docs/formats.md. Load() is InvalidArgument for a file that is none of ours or contradicts itself,
  // DataLoss for a wrong length or checksum, FailedPrecondition for a newer version; each names path and fault.
  absl::Status Save(const std::string& path) const;
  static absl::StatusOr<LinearClassifier> Load(const std::string& path);

  int32_t dim() const { return dim_; }
  const std::vector<std::string>& labels() const { return labels_; }  // at least two, different
  const std::vector<int64_t>& counts() const { return counts_; }      // of vectors fitted on
  const ClassifierOptions& options() const { return options_; }
  const ClassifierSource& source() const { return source_; }
  std::vector<double> Prior() const;  // p_i

  absl::Span<const double> weights() const { return weights_; }  // labels × dim
  absl::Span<const double> biases() const { return biases_; }    // labels

  // p(i|x) of every label. row: dim (InvalidArgument otherwise, or when a value is not finite).
  absl::StatusOr<std::vector<double>> Classify(absl::Span<const float> row) const;

 private:
  std::string Serialize() const;
  static absl::StatusOr<LinearClassifier> Parse(absl::string_view bytes, absl::string_view where);
  absl::Status ParseDescription(absl::string_view text, absl::string_view where);

  int32_t dim_ = 0;
  ClassifierOptions options_;
  ClassifierSource source_;
  std::vector<std::string> labels_;
  std::vector<int64_t> counts_;
  std::vector<double> weights_;
  std::vector<double> biases_;
};

}  // namespace senvec
