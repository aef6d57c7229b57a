#include "scoring/linear_classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "scoring/cholesky.h"

namespace senvec {
namespace {

// A spread within labels below this share of the whole is what rounding leaves of none.
constexpr double kSmallestSpread = 1e-12;

double Trace(absl::Span<const double> matrix, size_t d) {
  double trace = 0;
  for (size_t i = 0; i < d; ++i) trace += matrix[i * d + i];
  return trace;
}

std::vector<double> Shrunk(std::vector<double> covariance, size_t d, double shrinkage) {
  const double trace = Trace(covariance, d);
  for (double& value : covariance) value *= 1 - shrinkage;
  for (size_t i = 0; i < d; ++i) covariance[i * d + i] += shrinkage * trace / static_cast<double>(d);
  return covariance;
}

absl::Status NoInverse(const ClassStatistics& statistics, const ClassifierOptions& options) {
  const bool all_single = *std::max_element(statistics.counts().begin(), statistics.counts().end()) == 1;
  return absl::FailedPreconditionError(absl::StrCat(
      "the covariance that the labels share has no inverse: ", statistics.count(), " texts, ",
      statistics.labels().size(), " labels, ", statistics.dim(), " dimensions, shrinkage ", options.shrinkage, "; ",
      all_single               ? "give at least one label two different texts"
      : options.shrinkage == 0 ? "give more texts, or a shrinkage above 0"
                               : "the texts of each label are all alike: give different ones"));
}

}  // namespace

absl::Status ClassifierOptions::Validate() const {
  if (shrinkage >= 0 && shrinkage <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("\"shrinkage\" must be in [0, 1], got ", shrinkage));
}

std::vector<double> LinearClassifier::Prior() const {
  const double total = static_cast<double>(std::accumulate(counts_.begin(), counts_.end(), int64_t{0}));
  std::vector<double> prior;
  for (const int64_t count : counts_) {
    prior.push_back(options_.uniform_prior ? 1 / static_cast<double>(counts_.size()) : static_cast<double>(count) / total);
  }
  return prior;
}

absl::StatusOr<LinearClassifier> LinearClassifier::Fit(const ClassStatistics& statistics,
                                                       const ClassifierOptions& options,
                                                       const ClassifierSource& source) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (statistics.count() == 0) return absl::InvalidArgumentError("there are no labelled texts");
  if (statistics.labels().size() == 1) {
    return absl::InvalidArgumentError(absl::StrCat("all ", statistics.count(), " texts have the label \"",
                                                   statistics.labels()[0], "\"; there must be two at least"));
  }
  LinearClassifier made;
  made.dim_ = statistics.dim();
  made.options_ = options;
  made.source_ = source;
  made.labels_ = statistics.labels();
  made.counts_ = statistics.counts();
  const size_t d = static_cast<size_t>(made.dim_);
  std::vector<double> within = statistics.WithinCovariance();
  Cholesky cholesky;
  if (Trace(within, d) <= kSmallestSpread * statistics.MeanSquare() ||
      !cholesky.Factor(Shrunk(std::move(within), d, options.shrinkage), d)) {
    return NoInverse(statistics, options);
  }
  const std::vector<double> means = statistics.Means(), prior = made.Prior();
  made.weights_ = means;
  for (size_t i = 0; i < made.labels_.size(); ++i) {
    const absl::Span<double> w = absl::MakeSpan(made.weights_).subspan(i * d, d);
    cholesky.Solve(w);
    double own = 0, shifted = 0;
    for (size_t j = 0; j < d; ++j) {
      own += means[i * d + j] * w[j];
      shifted += statistics.shift()[j] * w[j];
    }
    made.biases_.push_back(std::log(prior[i]) - own / 2 - shifted);
  }
  return made;
}

absl::StatusOr<std::vector<double>> LinearClassifier::Classify(absl::Span<const float> row) const {
  const size_t d = static_cast<size_t>(dim_);
  if (row.size() != d) {
    return absl::InvalidArgumentError(absl::StrCat("the vector has ", row.size(), " values, the classifier takes ", dim_));
  }
  std::vector<double> p = biases_;
  for (size_t i = 0; i < p.size(); ++i) {
    for (size_t j = 0; j < d; ++j) p[i] += weights_[i * d + j] * row[j];
    if (!std::isfinite(p[i])) return absl::InvalidArgumentError("the vector has a value that is not finite");
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& value : p) sum += value = std::exp(value - largest);
  for (double& value : p) value /= sum;
  return p;
}

}  // namespace senvec
