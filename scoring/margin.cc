#include "scoring/margin.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

absl::Status CheckRange(absl::string_view name, double value, double lowest, double highest) {
  if (value >= lowest && value <= highest) return absl::OkStatus();  // false for NaN
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name, "\" must be in [", lowest, ", ", highest, "], got ", value));
}

absl::Status CheckCosines(absl::Span<const double> cosines, const MarginTail& tail) {
  for (size_t i = 0; i < cosines.size(); ++i) {
    if (!std::isfinite(cosines[i]) || (i > 0 && cosines[i] > cosines[i - 1])) {
      return absl::InvalidArgumentError(
          absl::StrCat("cosine ", i, " is ", cosines[i], i == 0 ? "" : absl::StrCat(" after ", cosines[i - 1]),
                       "; cosines must be finite and descending"));
    }
  }
  if (tail.num_classes >= 0 && std::isfinite(tail.largest_cosine)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a tail of ", tail.num_classes, " classes up to cosine ",
                                                 tail.largest_cosine, " is none"));
}

// ln(e^a + e^b), where −infinity stands for nothing.
double LogAdd(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return low == -kInfinity ? high : high + std::log1p(std::exp(low - high));
}

double Logistic(double log_odds) {
  if (log_odds >= 0) return 1 / (1 + std::exp(-log_odds));
  const double e = std::exp(log_odds);
  return e / (1 + e);
}

// ln of what stands in the denominator beside the candidates: the tail, each class at `cosine`, and the background.
double LogOthers(const MarginTail& tail, double cosine, const MarginOptions& options) {
  const double background = options.background.has_value() ? options.scale * *options.background : -kInfinity;
  if (tail.num_classes == 0) return background;
  return LogAdd(background, std::log(static_cast<double>(tail.num_classes)) + options.scale * cosine);
}

// ScoreMargins's bounds of the others, computed once a query.
struct Others {
  Others(const MarginTail& tail, const MarginOptions& options)
      : least(LogOthers(tail, std::min(-1.0, tail.largest_cosine), options)),
        most(LogOthers(tail, tail.largest_cosine, options)) {}
  const double least;
  const double most;
};

// log_rivals: ln Σ over the other candidates.
MarginScore ScoreOne(double cosine, double log_rivals, const Others& others, const MarginOptions& options) {
  const double own = options.scale * (cosine - options.margin);
  MarginScore score;
  score.log_odds_low = own - LogAdd(log_rivals, others.most);
  score.log_odds_high = own - LogAdd(log_rivals, others.least);
  score.probability_low = Logistic(score.log_odds_low);
  score.probability_high = Logistic(score.log_odds_high);
  return score;
}

// Element t: Σ_{i ≥ t} e^{s(cosθ_i − cosθ_t)}, in [1, n − t]: relative to its largest term it cannot overflow, and is
// never below 1. One more element, 0.
std::vector<double> SumsFrom(absl::Span<const double> cosines, double scale) {
  std::vector<double> sums(cosines.size() + 1, 0);
  for (size_t t = cosines.size(); t-- > 0;) {
    const double below = t + 1 < cosines.size() ? std::exp(scale * (cosines[t + 1] - cosines[t])) : 0;
    sums[t] = 1 + below * sums[t + 1];
  }
  return sums;
}

}  // namespace

absl::Status MarginOptions::Validate() const {
  SENVEC_RETURN_IF_ERROR(CheckRange("scale", scale, 0.001, 1000));
  SENVEC_RETURN_IF_ERROR(CheckRange("margin", margin, -2, 2));
  if (background.has_value()) SENVEC_RETURN_IF_ERROR(CheckRange("background", *background, -2, 2));
  SENVEC_RETURN_IF_ERROR(CheckRange("accept_probability", accept_probability, 0, 1));
  return CheckRange("ambiguity", ambiguity, 0, 2);
}

absl::StatusOr<MarginOptions> MarginOverrides::On(const MarginOptions& base) const {
  if (background.has_value() && no_background) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"background\" is ", *background, " and \"no_background\" is set; take one of them"));
  }
  MarginOptions options = base;
  options.scale = scale.value_or(base.scale);
  options.margin = margin.value_or(base.margin);
  if (background.has_value()) options.background = background;
  if (no_background) options.background.reset();
  options.accept_probability = accept_probability.value_or(base.accept_probability);
  options.ambiguity = ambiguity.value_or(base.ambiguity);
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return options;
}

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted: return "accepted";
    case Verdict::kAmbiguous: return "ambiguous";
    case Verdict::kUnknown: break;
  }
  return "unknown";
}

absl::StatusOr<std::vector<MarginScore>> ScoreMargins(absl::Span<const double> cosines, const MarginTail& tail,
                                                      const MarginOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckCosines(cosines, tail));
  const double s = options.scale;
  const std::vector<double> from = SumsFrom(cosines, s);
  const Others others(tail, options);
  std::vector<MarginScore> scores;
  scores.reserve(cosines.size());
  double before = 0;  // Σ_{i < t} e^{s(cosθ_i − cosθ_0)}
  for (size_t t = 0; t < cosines.size(); ++t) {
    const bool last = t + 1 == cosines.size();
    // Relative to the largest of the others: the second best for the best, the best for all else.
    const double reference = t > 0 ? cosines[0] : last ? 0 : cosines[1];
    const double after = last ? 0 : std::exp(s * (cosines[t + 1] - reference)) * from[t + 1];
    const double rivals = before + after;
    scores.push_back(ScoreOne(cosines[t], rivals == 0 ? -kInfinity : s * reference + std::log(rivals), others,
                              options));
    before += std::exp(s * (cosines[t] - cosines[0]));
  }
  return scores;
}

MarginScore ScoreBest(absl::Span<const double> cosines, size_t first_kept, const MarginTail& tail,
                      const MarginOptions& options) {
  double log_rivals = -kInfinity;
  if (first_kept < cosines.size()) {
    double sum = 0;
    for (size_t i = cosines.size(); i-- > first_kept;) {
      sum += std::exp(options.scale * (cosines[i] - cosines[first_kept]));
    }
    log_rivals = options.scale * cosines[first_kept] + std::log(sum);
  }
  return ScoreOne(cosines[0], log_rivals, Others(tail, options), options);
}

absl::StatusOr<Judgement> Judge(absl::Span<const double> cosines, const MarginTail& tail, const MarginOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(CheckCosines(cosines, tail));
  Judgement judgement;
  if (cosines.empty()) return judgement;
  judgement.best = ScoreBest(cosines, 1, tail, options);
  if (judgement.best.probability_low >= options.accept_probability) {
    judgement.verdict = Verdict::kAccepted;
    return judgement;
  }
  size_t end = std::min<size_t>(2, cosines.size());
  while (end < cosines.size() && cosines[0] - cosines[end] < options.ambiguity) ++end;
  if (end == 1 || ScoreBest(cosines, end, tail, options).probability_low < options.accept_probability) {
    return judgement;
  }
  judgement.verdict = Verdict::kAmbiguous;
  judgement.end_rivals = end;
  return judgement;
}

}  // namespace senvec
