#include "scoring/margin_calibration.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "scoring/margin_fit.h"

namespace senvec {
namespace {

using Queries = std::vector<const CalibrationQuery*>;

struct Halves {
  Queries tune, held_out;
};

absl::Status CheckQuery(const CalibrationQuery& query) {
  const auto bad = [&](absl::string_view fault) {
    return absl::InvalidArgumentError(absl::StrCat("query \"", query.text, "\": ", fault));
  };
  if (const absl::Status scored = ScoreMargins(query.cosines, query.tail, {}).status(); !scored.ok()) {
    return bad(scored.message());
  }
  if (query.truth < -1 || query.truth >= static_cast<int64_t>(query.cosines.size())) {
    return bad(absl::StrCat("truth ", query.truth, " is not among its ", query.cosines.size(), " candidates"));
  }
  if (query.truth >= 0 && !query.answerable) return bad("it has no answer and yet an expected class");
  return absl::OkStatus();
}

// Every second text by the order of checksums, each kind by itself; an odd one is for tuning. A text that comes twice
// goes to one half.
void Split(Queries queries, Halves& halves) {
  std::vector<std::pair<uint64_t, const CalibrationQuery*>> order;
  for (const CalibrationQuery* query : queries) order.emplace_back(Checksum64(query->text), query);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  bool tune = false;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || order[i].first != order[i - 1].first) tune = !tune;
    (tune ? halves.tune : halves.held_out).push_back(order[i].second);
  }
}

Halves SplitByKind(absl::Span<const CalibrationQuery> queries) {
  Queries kinds[2];
  for (const CalibrationQuery& query : queries) kinds[query.answerable].push_back(&query);
  Halves halves;
  for (Queries& kind : kinds) Split(std::move(kind), halves);
  return halves;
}

// score(query) for a query with candidates; one without is never sure.
template <typename Score>
std::vector<ScoredAnswer> Answers(const Queries& queries, const Score& score) {
  std::vector<ScoredAnswer> answers;
  for (const CalibrationQuery* query : queries) {
    const double value = query->cosines.empty() ? -std::numeric_limits<double>::infinity() : score(*query);
    answers.push_back({value, query->truth == 0, query->answerable});
  }
  return answers;
}

template <typename Score>
ScorerMeasure Measure(std::string name, const Halves& halves, double precision, const Score& score) {
  ScorerMeasure measure;
  measure.name = std::move(name);
  const std::vector<ScoredAnswer> tune = Answers(halves.tune, score), held_out = Answers(halves.held_out, score);
  measure.tune_auroc = AnswerableAuroc(tune);
  measure.held_out_auroc = AnswerableAuroc(held_out);
  measure.tune = BestPoint(tune, precision);
  if (measure.tune.has_value()) measure.held_out = PointAt(held_out, measure.tune->threshold);
  return measure;
}

// Judged by p, whose threshold the options hold; the areas by the log-odds, which do not run together near 1.
ScorerMeasure MeasureMargin(std::string name, const Halves& halves, double precision, MarginOptions options) {
  const auto score = [&](const CalibrationQuery& query) {
    return ScoreBest(query.cosines, 1, query.tail, options);
  };
  ScorerMeasure measure = Measure(std::move(name), halves, precision,
                                  [&](const CalibrationQuery& query) { return score(query).probability_low; });
  const auto log_odds = [&](const CalibrationQuery& query) { return score(query).log_odds_low; };
  measure.tune_auroc = AnswerableAuroc(Answers(halves.tune, log_odds));
  measure.held_out_auroc = AnswerableAuroc(Answers(halves.held_out, log_odds));
  measure.options = options;
  if (measure.tune.has_value()) measure.options.accept_probability = measure.tune->threshold;
  return measure;
}

VerdictCounts CountVerdicts(const Queries& queries, const MarginOptions& options) {
  VerdictCounts counts;
  for (const CalibrationQuery* query : queries) {
    const Judgement judgement = Judge(query->cosines, query->tail, options).value();  // checked by CheckQuery
    switch (judgement.verdict) {
      case Verdict::kAccepted:
        ++counts.accepted;
        counts.accepted_correct += query->truth == 0;
        break;
      case Verdict::kAmbiguous:
        ++counts.ambiguous;
        counts.ambiguous_named += query->truth >= 0 && query->truth < static_cast<int64_t>(judgement.end_rivals);
        break;
      case Verdict::kUnknown:
        ++counts.unknown;
        counts.unknown_unanswerable += !query->answerable;
    }
  }
  return counts;
}

// See CalibrateMargin(); 0 when no distance gives the precision.
double FitAmbiguity(const Queries& tune, MarginOptions options, double precision) {
  double best = 0;
  int64_t most_named = 0;
  for (int step = 0; step <= 40; ++step) {
    options.ambiguity = step * 0.005;
    const VerdictCounts counts = CountVerdicts(tune, options);
    const double share = static_cast<double>(counts.ambiguous_named) / static_cast<double>(std::max<int64_t>(1, counts.ambiguous));
    if (share < precision || counts.ambiguous_named <= most_named) continue;
    best = options.ambiguity;
    most_named = counts.ambiguous_named;
  }
  return best;
}

absl::Status NotReached(const Halves& halves, const std::vector<ScorerMeasure>& scorers, double precision) {
  double best = 0;
  for (const ScorerMeasure& scorer : scorers) {
    const auto answers = Answers(halves.tune, [&](const CalibrationQuery& query) {
      return ScoreBest(query.cosines, 1, query.tail, scorer.options).probability_low;
    });
    best = std::max(best, HighestPrecision(answers));
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "no threshold reaches precision %g on the %d queries for tuning; the highest there is %.4f. Ask for less, or see "
      "whether the expected groups are right",
      precision, halves.tune.size(), best));
}

}  // namespace

absl::Status CalibrationOptions::Validate() const {
  if (precision > 0 && precision <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("\"precision\" must be above 0 and at most 1, got ", precision));
}

absl::StatusOr<MarginCalibration> CalibrateMargin(absl::Span<const CalibrationQuery> queries, const CalibrationOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  MarginCalibration result;
  for (const CalibrationQuery& query : queries) {
    SENVEC_RETURN_IF_ERROR(CheckQuery(query));
    result.num_answerable += query.answerable;
  }
  if (result.num_answerable < 2) {
    return absl::InvalidArgumentError(absl::StrCat(queries.size(), " queries, ", result.num_answerable,
                                                   " of them with an answer; calibration needs at least 2"));
  }
  const Halves halves = SplitByKind(queries);
  result.num_tune = static_cast<int64_t>(halves.tune.size());
  result.num_held_out = static_cast<int64_t>(halves.held_out.size());
  Queries with_candidates;
  for (const CalibrationQuery* query : halves.tune) {
    if (!query->cosines.empty()) with_candidates.push_back(query);
  }
  result.scorers.push_back(Measure("cosine", halves, options.precision,
                                   [](const CalibrationQuery& query) { return query.cosines[0]; }));
  result.scorers.push_back(MeasureMargin("margin-published", halves, options.precision, {}));
  result.scorers.push_back(MeasureMargin("margin", halves, options.precision, FitMargin(with_candidates, false)));
  if (options.fit_background) {
    result.scorers.push_back(
        MeasureMargin("margin-background", halves, options.precision, FitMargin(with_candidates, true)));
  }
  const ScorerMeasure* chosen = nullptr;
  for (size_t i = 1; i < result.scorers.size(); ++i) {
    const ScorerMeasure& scorer = result.scorers[i];
    if (!scorer.tune.has_value()) continue;
    if (chosen == nullptr || scorer.tune->num_correct >= chosen->tune->num_correct) chosen = &scorer;
  }
  if (chosen == nullptr) return NotReached(halves, {result.scorers.begin() + 1, result.scorers.end()}, options.precision);
  result.chosen = chosen->name;
  result.options = chosen->options;
  result.options.ambiguity = FitAmbiguity(halves.tune, result.options, options.precision);
  result.held_out = CountVerdicts(halves.held_out, result.options);
  return result;
}

}  // namespace senvec
