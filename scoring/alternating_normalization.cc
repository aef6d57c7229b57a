#include "scoring/alternating_normalization.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr double kRowSumTolerance = 1e-3;

absl::StatusOr<std::vector<double>> NormalizedPrior(absl::Span<const double> prior) {
  double sum = 0;
  for (size_t j = 0; j < prior.size(); ++j) {
    if (!std::isfinite(prior[j]) || prior[j] < 0) {
      return absl::InvalidArgumentError(absl::StrCat("the prior of class ", j, " is ", prior[j]));
    }
    sum += prior[j];
  }
  if (sum <= 0) return absl::InvalidArgumentError(absl::StrCat("a prior of ", prior.size(), " classes sums to ", sum));
  std::vector<double> normalized(prior.begin(), prior.end());
  for (double& value : normalized) value /= sum;
  return normalized;
}

absl::Status CheckRows(absl::Span<const double> p, size_t classes) {
  if (classes == 0 || p.size() % classes != 0) {
    return absl::InvalidArgumentError(absl::StrCat(p.size(), " probabilities do not fit ", classes, " classes"));
  }
  for (size_t row = 0; row < p.size() / classes; ++row) {
    double sum = 0;
    bool good = true;
    for (const double value : p.subspan(row * classes, classes)) {
      good = good && value >= 0;  // false for NaN
      sum += value;
    }
    if (good && std::abs(sum - 1) <= kRowSumTolerance) continue;
    return absl::InvalidArgumentError(absl::StrCat("row ", row, " is no distribution: it sums to ", sum,
                                                   good ? "" : ", and has a value that is negative or no number"));
  }
  return absl::OkStatus();
}

// One round on Y (rows × classes, in place).
void Round(std::vector<double>& y, const std::vector<double>& prior, double alpha) {
  const size_t classes = prior.size(), rows = y.size() / classes;
  std::vector<double> means(classes, 0);
  for (size_t i = 0; i < y.size(); ++i) {
    if (alpha != 1) y[i] = std::pow(y[i], alpha);
    means[i % classes] += y[i] / static_cast<double>(rows);
  }
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (size_t j = 0; j < classes; ++j) {
      double& value = y[row * classes + j];
      value = means[j] > 0 ? value / means[j] * prior[j] : 0;
      sum += value;
    }
    if (sum <= 0) continue;
    for (size_t j = 0; j < classes; ++j) y[row * classes + j] /= sum;
  }
}

// α = 1, one round: only the sums of A's columns are needed. DERIVED, METHODS 6.
std::vector<double> CorrectOnce(absl::Span<const double> p, const std::vector<double>& sums, double rows,
                                const std::vector<double>& prior) {
  std::vector<double> out(p.size());
  double sum = 0;
  for (size_t j = 0; j < p.size(); ++j) {
    const double mean = (sums[j] + p[j]) / (rows + 1);
    out[j] = mean > 0 ? p[j] / mean * prior[j] : 0;
    sum += out[j];
  }
  if (sum > 0) {
    for (double& value : out) value /= sum;
  }
  return out;
}

}  // namespace

absl::Status CanOptions::Validate() const {
  if (top_k < 2) return absl::InvalidArgumentError(absl::StrCat("\"top_k\" must be at least 2, got ", top_k));
  if (!(threshold >= 0 && threshold <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("\"threshold\" must be in [0, 1], got ", threshold));
  }
  if (!(alpha > 0 && alpha <= 20)) {
    return absl::InvalidArgumentError(absl::StrCat("\"alpha\" must be above 0 and at most 20, got ", alpha));
  }
  if (iterations < 1 || iterations > 100) {
    return absl::InvalidArgumentError(absl::StrCat("\"iterations\" must be in [1, 100], got ", iterations));
  }
  return absl::OkStatus();
}

double TopKUncertainty(absl::Span<const double> p, int32_t k) {
  const size_t n = std::min(p.size(), static_cast<size_t>(k));
  if (n < 2) return 0;
  std::vector<double> top(p.begin(), p.end());
  std::partial_sort(top.begin(), top.begin() + static_cast<ptrdiff_t>(n), top.end(), std::greater<>());
  double sum = 0, entropy = 0;
  for (size_t i = 0; i < n; ++i) sum += top[i];
  for (size_t i = 0; i < n && top[i] > 0; ++i) entropy -= top[i] / sum * std::log(top[i] / sum);
  return entropy / std::log(static_cast<double>(n));
}

absl::StatusOr<CanResult> AlternatingNormalization(absl::Span<const double> p, absl::Span<const double> prior,
                                                   const CanOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckRows(p, prior.size()));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<double> q, NormalizedPrior(prior));
  const size_t classes = prior.size(), rows = p.size() / classes;
  CanResult result;
  result.probabilities.assign(p.begin(), p.end());
  std::vector<double> sure;
  for (size_t row = 0; row < rows; ++row) {
    const absl::Span<const double> from = p.subspan(row * classes, classes);
    result.corrected.push_back(TopKUncertainty(from, options.top_k) >= options.threshold);
    if (!result.corrected.back()) sure.insert(sure.end(), from.begin(), from.end());
  }
  if (sure.empty()) {
    sure.resize(classes * classes);
    for (size_t j = 0; j < classes; ++j) sure[j * classes + j] = 1;
  }
  std::vector<double> sums(classes, 0);
  for (size_t i = 0; i < sure.size(); ++i) sums[i % classes] += sure[i];
  const bool once = options.alpha == 1 && options.iterations == 1;
  for (size_t row = 0; row < rows; ++row) {
    if (!result.corrected[row]) continue;
    const absl::Span<const double> from = p.subspan(row * classes, classes);
    std::vector<double> out;
    if (once) {
      out = CorrectOnce(from, sums, static_cast<double>(sure.size() / classes), q);
    } else {
      std::vector<double> y = sure;
      y.insert(y.end(), from.begin(), from.end());
      for (int32_t i = 0; i < options.iterations; ++i) Round(y, q, options.alpha);
      out.assign(y.end() - static_cast<ptrdiff_t>(classes), y.end());
    }
    double mass = 0;
    for (const double value : out) mass += value;
    result.corrected[row] = mass > 0;
    if (mass > 0) std::copy(out.begin(), out.end(), result.probabilities.begin() + static_cast<ptrdiff_t>(row * classes));
  }
  return result;
}

}  // namespace senvec
