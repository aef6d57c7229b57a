#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// One-pass statistics of N row vectors in fp64: what every (k, β, γ) needs (METHODS 1.1 and 1.4; kexue.fm 8069,
// 9079). Not thread-safe; make one per thread and Merge().
class WhiteningStatistics {
 public:
  explicit WhiteningStatistics(int32_t dim);

  // rows: n × dim, row-major, n = rows.size() / dim. InvalidArgument for a size that is no multiple of dim or a
  // value that is not finite (its row and column are named); on error nothing was added.
  absl::Status Add(absl::Span<const float> rows);
  // InvalidArgument when the dimensions differ.
  absl::Status Merge(const WhiteningStatistics& other);

  int32_t dim() const { return dim_; }
  int64_t count() const { return count_; }
  // mu: dim.
  const std::vector<double>& mean() const { return mean_; }
  // Sigma_β = Sigma_1 + (1−β)² μᵀμ, with 1/N (not 1/(N−1)); dim × dim, row-major, symmetric.
  std::vector<double> Covariance(double beta) const;

 private:
  int32_t dim_;
  int64_t count_ = 0;
  std::vector<double> mean_;
  std::vector<double> scatter_;  // Σ (x−μ)ᵀ(x−μ), dim × dim; upper triangle only
};

struct WhiteningOptions {
  int32_t k = 0;       // components kept, the first k by eigenvalue; 0 = all
  // How much of the mean is removed, and how far variances are made equal. [0, 1] is where one looks for good values,
  // not a rule: anything within ±kLargestExponent is taken.
  double beta = 1.0;
  double gamma = 1.0;
  static constexpr double kLargestExponent = 16;
  // λ is floored at this fraction of λ_1 before the power −γ/2, so that rank-deficient data do not blow up noise.
  // The published code has no floor.
  double eigenvalue_floor = 1e-7;

  // InvalidArgument names field, value and range.
  absl::Status Validate(int32_t dim) const;
};

// x~ = (x − βμ) U Λ^(−γ/2), first k components, then L2-normalised (METHODS 1.1, kexue.fm 9079).
// Immutable, safe for concurrent use.
class Whitening {
 public:
  // FailedPrecondition with fewer than two vectors, or when all of them are equal.
  static absl::StatusOr<Whitening> Fit(const WhiteningStatistics& statistics,
                                       const WhiteningOptions& options,
                                       const std::string& model_fingerprint);

  // safetensors with tensors "kernel" (dim × k, U·Λ^(−γ/2)), "shift" (dim, βμ), "eigenvalues" (dim) in F64 or F32 and
  // model fingerprint, β, γ, k, N, floor and the transform's own fingerprint in the metadata.
  absl::Status Save(const std::string& path) const;
  // InvalidArgument names the file and what is wrong with it.
  static absl::StatusOr<Whitening> Load(const std::string& path);

  // FailedPrecondition, naming both fingerprints and the remedy, when this transform was fitted on another model.
  absl::Status CheckModel(const std::string& model_fingerprint) const;

  // rows: n × input_dim; out: n × output_dim. Not normalised. Each row's bits depend on that row alone.
  void Apply(absl::Span<const float> rows, absl::Span<float> out) const;

  int32_t input_dim() const { return static_cast<int32_t>(shift_.size()); }
  int32_t output_dim() const { return options_.k; }
  const WhiteningOptions& options() const { return options_; }  // k is never 0 here
  int64_t count() const { return count_; }
  const std::vector<double>& eigenvalues() const { return eigenvalues_; }  // all of them, descending
  const std::string& model_fingerprint() const { return model_fingerprint_; }
  const std::string& fingerprint() const { return fingerprint_; }  // of the transform itself

 private:
  Whitening() = default;
  std::string ComputeFingerprint() const;

  WhiteningOptions options_;
  int64_t count_ = 0;
  std::vector<float> shift_;   // input_dim
  std::vector<float> kernel_;  // output_dim × input_dim, row-major: transposed, so that each output is one dot product
  std::vector<double> eigenvalues_;
  std::string model_fingerprint_;
  std::string fingerprint_;
};

// Scales `row` to length 1, in fp64; the zero vector stays.
void L2Normalize(absl::Span<float> row);

}  // namespace senvec
