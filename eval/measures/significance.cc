#include "eval/measures/significance.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/correlation.h"
#include "eval/measures/order.h"

namespace senvec {
namespace {

PairedDifference Summarise(double difference, const std::vector<double>& samples) {
  int64_t not_above = 1, not_below = 1;
  for (const double sample : samples) {
    not_above += sample <= 0;
    not_below += sample >= 0;
  }
  const double p = 2.0 * static_cast<double>(std::min(not_above, not_below)) /
                   static_cast<double>(samples.size() + 1);
  return {difference, *PercentileInterval(samples), std::min(p, 1.0)};
}

absl::Status CheckResamples(int resamples) {
  if (resamples > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(resamples, " resamples; at least 1 is needed"));
}

// Ranks of weighted values in O(n): the order is found once.
class WeightedRanks {
 public:
  explicit WeightedRanks(absl::Span<const double> values)
      : order_(SortWithTies(values)), ranks_(values.size()) {}

  // The average rank of each value where value i occurs counts[i] times, times 2, minus (n + 1).
  const std::vector<int64_t>& Centred(absl::Span<const uint32_t> counts) {
    int64_t before = 0;
    const int64_t n = static_cast<int64_t>(ranks_.size());
    for (size_t run = 0; run < order_.num_runs(); ++run) {
      const auto same = absl::MakeConstSpan(order_.positions)
                            .subspan(order_.starts[run], order_.starts[run + 1] - order_.starts[run]);
      int64_t here = 0;
      for (const uint32_t position : same) here += counts[position];
      // Places before + 1 … before + here.
      for (const uint32_t position : same) ranks_[position] = 2 * before + here - n;
      before += here;
    }
    return ranks_;
  }

 private:
  const TiedOrder order_;
  std::vector<int64_t> ranks_;
};

// Empty when one side has one value only.
std::optional<double> WeightedRho(absl::Span<const uint32_t> counts, const std::vector<int64_t>& a,
                                  const std::vector<int64_t>& b) {
  __int128 ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    ab += static_cast<__int128>(a[i] * b[i]) * counts[i];
    aa += static_cast<__int128>(a[i] * a[i]) * counts[i];
    bb += static_cast<__int128>(b[i] * b[i]) * counts[i];
  }
  if (aa == 0 || bb == 0) return std::nullopt;
  return static_cast<double>(ab) / std::sqrt(static_cast<double>(aa)) /
         std::sqrt(static_cast<double>(bb));
}

// Calls sample(counts) until it gave `resamples` values.
template <typename Sample>
absl::StatusOr<std::vector<double>> Collect(size_t n, int resamples, RandomBits& random,
                                            Sample sample) {
  SENVEC_RETURN_IF_ERROR(CheckResamples(resamples));
  std::vector<double> values;
  std::vector<uint32_t> counts(n);
  for (int draws = 0; draws < 2 * resamples; ++draws) {
    if (static_cast<int>(values.size()) == resamples) break;
    ResampleCounts(random, absl::MakeSpan(counts));
    if (const std::optional<double> value = sample(counts)) values.push_back(*value);
  }
  if (static_cast<int>(values.size()) == resamples) return values;
  return absl::FailedPreconditionError(absl::StrCat(
      "a sample of the ", n, " pairs mostly has no correlation; there are too few or too equal"));
}

}  // namespace

absl::StatusOr<PairedDifference> CompareMeans(absl::Span<const double> a,
                                              absl::Span<const double> b, int resamples,
                                              RandomBits& random) {
  SENVEC_RETURN_IF_ERROR(CheckResamples(resamples));
  if (a.size() != b.size() || a.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        a.size(), " values against ", b.size(), ": two runs are compared on the same items"));
  }
  std::vector<double> differences(a.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    differences[i] = b[i] - a[i];
    sum += differences[i];
    if (!std::isfinite(differences[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("item ", i, " has the values ", a[i], " and ", b[i]));
    }
  }
  const double n = static_cast<double>(a.size());
  std::vector<double> samples(resamples);
  for (double& sample : samples) {
    for (size_t i = 0; i < a.size(); ++i) sample += differences[RandomBelow(random, a.size())];
    sample /= n;
  }
  return Summarise(sum / n, samples);
}

absl::StatusOr<PairedDifference> CompareSpearman(absl::Span<const double> scores_a,
                                                 absl::Span<const double> scores_b,
                                                 absl::Span<const double> labels, int resamples,
                                                 RandomBits& random) {
  SENVEC_ASSIGN_OR_RETURN(const double rho_a, SpearmanCorrelation(scores_a, labels));
  SENVEC_ASSIGN_OR_RETURN(const double rho_b, SpearmanCorrelation(scores_b, labels));
  WeightedRanks a(scores_a), b(scores_b), y(labels);
  SENVEC_ASSIGN_OR_RETURN(
      const std::vector<double> samples,
      Collect(labels.size(), resamples, random,
              [&](absl::Span<const uint32_t> counts) -> std::optional<double> {
                const std::vector<int64_t>& ranks = y.Centred(counts);
                const auto of_a = WeightedRho(counts, a.Centred(counts), ranks);
                const auto of_b = WeightedRho(counts, b.Centred(counts), ranks);
                if (!of_a || !of_b) return std::nullopt;
                return *of_b - *of_a;
              }));
  return Summarise(rho_b - rho_a, samples);
}

absl::StatusOr<Interval> BootstrapSpearman(absl::Span<const double> scores,
                                           absl::Span<const double> labels, int resamples,
                                           RandomBits& random) {
  if (auto rho = SpearmanCorrelation(scores, labels); !rho.ok()) return rho.status();
  WeightedRanks x(scores), y(labels);
  SENVEC_ASSIGN_OR_RETURN(
      std::vector<double> samples,
      Collect(labels.size(), resamples, random, [&](absl::Span<const uint32_t> counts) {
        return WeightedRho(counts, x.Centred(counts), y.Centred(counts));
      }));
  return PercentileInterval(std::move(samples));
}

}  // namespace senvec
