#include "scoring/hub_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "kernels/isa.h"
#include "kernels/kernels.h"

namespace senvec {
namespace {

constexpr double kSmallestDistance = 1e-6;

double Distance(double cosine) { return std::max(kSmallestDistance, std::sqrt(std::max(0.0, 2 - 2 * cosine))); }

}  // namespace

double Csls(double cosine, double query_mean, double document_mean) { return 2 * cosine - query_mean - document_mean; }

double LocalScaling(double cosine, double query_farthest_cosine, double document_farthest_cosine) {
  return -(2 - 2 * cosine) / (Distance(query_farthest_cosine) * Distance(document_farthest_cosine));
}

double InvertedSoftmax(double cosine, double beta, double document_log_sum) { return beta * cosine - document_log_sum; }

double LogSumExp(absl::Span<const float> cosines, double beta) {
  if (cosines.empty()) return -std::numeric_limits<double>::infinity();
  double largest = beta * cosines[0], sum = 0;
  for (const float cosine : cosines) largest = std::max(largest, beta * cosine);
  for (const float cosine : cosines) sum += std::exp(beta * cosine - largest);
  return largest + std::log(sum);
}

double MeanOfLargest(absl::Span<const float> cosines, int32_t k) {
  std::vector<float> sorted(cosines.begin(), cosines.end());
  const size_t n = std::min(sorted.size(), static_cast<size_t>(k));
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(n), sorted.end(), std::greater<>());
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += sorted[i];
  return n == 0 ? 0 : sum / static_cast<double>(n);
}

absl::StatusOr<std::vector<float>> MeanCosinesWithQueries(absl::Span<const float> documents,
                                                          absl::Span<const float> queries, int32_t dim, int32_t k) {
  const size_t d = static_cast<size_t>(std::max(dim, 0));
  if (d == 0 || k < 1 || queries.empty() || documents.size() % d != 0 || queries.size() % d != 0) {
    return absl::InvalidArgumentError(absl::StrCat(documents.size(), " and ", queries.size(),
                                                   " values of dimension ", dim, " with k ", k, " do not fit"));
  }
  const Kernels& kernels = KernelsFor(SupportedIsas().back());
  std::vector<float> means, cosines(queries.size() / d);
  for (size_t i = 0; i < documents.size() / d; ++i) {
    for (size_t q = 0; q < cosines.size(); ++q) {
      cosines[q] = kernels.dot(documents.data() + i * d, queries.data() + q * d, d);
      if (!std::isfinite(cosines[q])) {
        return absl::InvalidArgumentError(absl::StrCat("document ", i, " has cosine ", cosines[q], " with query ", q));
      }
    }
    means.push_back(static_cast<float>(MeanOfLargest(cosines, k)));
  }
  return means;
}

std::vector<size_t> OrderByCsls(absl::Span<const double> cosines, absl::Span<const double> document_means) {
  SENVEC_CHECK(cosines.size() == document_means.size());
  const auto score = [&](size_t i) { return cosines[i] - (std::isnan(document_means[i]) ? 0 : document_means[i] / 2); };
  std::vector<size_t> order(cosines.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return score(a) > score(b); });
  return order;
}

}  // namespace senvec
