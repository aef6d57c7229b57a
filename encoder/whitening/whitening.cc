#include "encoder/whitening/whitening.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "encoder/whitening/eigen.h"
#include "kernels/kernels.h"

namespace senvec {
namespace {

template <typename T>
absl::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

absl::Status WhiteningOptions::Validate(int32_t dim) const {
  if (k < 0 || k > dim) {
    return absl::InvalidArgumentError(
        absl::StrCat("k is ", k, "; it must be in [1, ", dim, "], or 0 to keep all ", dim, " components"));
  }
  for (const auto& [name, value] : {std::pair{"beta", beta}, std::pair{"gamma", gamma}}) {
    // Written so that NaN fails too.
    if (std::abs(value) <= kLargestExponent) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, "; it must be in [", -kLargestExponent, ", ",
                                                   kLargestExponent, "], mostly in [0, 1]"));
  }
  if (!(eigenvalue_floor >= 0 && eigenvalue_floor < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("eigenvalue_floor is ", eigenvalue_floor, "; it must be in [0, 1)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Whitening> Whitening::Fit(const WhiteningStatistics& statistics,
                                         const WhiteningOptions& options,
                                         const std::string& model_fingerprint) {
  const int64_t dim = statistics.dim();
  SENVEC_RETURN_IF_ERROR(options.Validate(statistics.dim()));
  if (statistics.count() < 2) {
    return absl::FailedPreconditionError(absl::StrCat("whitening was given ", statistics.count(),
                                                      " vectors; it needs at least 2, and thousands to be useful"));
  }
  SENVEC_ASSIGN_OR_RETURN(EigenDecomposition eigen,
                          DecomposeSymmetric(statistics.Covariance(options.beta), statistics.dim()));
  if (!(eigen.values[0] > 0)) {
    return absl::FailedPreconditionError(
        absl::StrCat("all ", statistics.count(), " vectors are equal: there is nothing to whiten"));
  }
  Whitening whitening;
  whitening.options_ = options;
  if (options.k == 0) whitening.options_.k = statistics.dim();
  whitening.count_ = statistics.count();
  whitening.model_fingerprint_ = model_fingerprint;
  for (double mean : statistics.mean()) whitening.shift_.push_back(static_cast<float>(options.beta * mean));
  const double floor = options.eigenvalue_floor * eigen.values[0];
  for (int64_t j = 0; j < whitening.options_.k; ++j) {
    const double scale = std::pow(std::max(eigen.values[j], floor), -options.gamma / 2);
    if (!std::isfinite(static_cast<float>(scale))) {
      return absl::FailedPreconditionError(absl::StrCat(
          "eigenvalue ", j, " is ", eigen.values[j], ": the vectors span fewer than ", whitening.options_.k,
          " dimensions, or gamma ", options.gamma, " is too much for them; take a smaller k or gamma, or a larger eigenvalue_floor"));
    }
    for (int64_t i = 0; i < dim; ++i) {
      whitening.kernel_.push_back(static_cast<float>(eigen.vectors[i * dim + j] * scale));
    }
  }
  whitening.eigenvalues_ = std::move(eigen.values);
  whitening.fingerprint_ = whitening.ComputeFingerprint();
  return whitening;
}

std::string Whitening::ComputeFingerprint() const {
  Fingerprinter fingerprinter;
  fingerprinter.Add(model_fingerprint_);
  fingerprinter.Add(BytesOf(shift_));
  fingerprinter.Add(BytesOf(kernel_));
  return fingerprinter.Hex();
}

absl::Status Whitening::CheckModel(const std::string& model_fingerprint) const {
  if (model_fingerprint == model_fingerprint_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the whitening was fitted on model ", model_fingerprint_, ", this model is ", model_fingerprint,
                   "; fit it again with `senvec whiten fit` on this model and pooling"));
}

void L2Normalize(absl::Span<float> row) {
  double squares = 0;
  for (float value : row) squares += double{value} * value;
  if (squares == 0) return;
  const double inverse = 1 / std::sqrt(squares);
  for (float& value : row) value = static_cast<float>(value * inverse);
}

void Whitening::Apply(absl::Span<const float> rows, absl::Span<float> out) const {
  const size_t input = shift_.size(), output = static_cast<size_t>(options_.k);
  SENVEC_CHECK(rows.size() % input == 0 && out.size() == rows.size() / input * output);
  const Kernels& kernels = KernelsFor(SupportedIsas().back());
  thread_local std::vector<float> shifted;  // kept, so that encoding allocates nothing
  shifted.resize(input);
  for (size_t row = 0; row < rows.size() / input; ++row) {
    for (size_t i = 0; i < input; ++i) shifted[i] = rows[row * input + i] - shift_[i];
    for (size_t j = 0; j < output; ++j) {
      out[row * output + j] = kernels.dot(shifted.data(), kernel_.data() + j * input, input);
    }
  }
}

}  // namespace senvec
