#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "scoring/margin.h"
#include "scoring/selective.h"

namespace senvec {

// One labelled query, after the search.
struct CalibrationQuery {
  std::string text;             // decides the half it goes to
  std::vector<double> cosines;  // of its candidates (GroupHits), finite, descending; may be empty
  MarginTail tail;
  bool answerable = false;      // it has an answer
  int32_t truth = -1;           // position of the expected class among the candidates; −1 = not there
};

struct CalibrationOptions {
  double precision = 0.95;     // wanted of accepted answers, in (0, 1]
  bool fit_background = true;  // see MarginOptions::background

  absl::Status Validate() const;
};

// One way to score, its threshold chosen on the tuning half.
struct ScorerMeasure {
  std::string name;
  MarginOptions options;                 // of margin scorers
  std::optional<double> tune_auroc;      // answerable against unanswerable; no value without one of them
  std::optional<double> held_out_auroc;
  std::optional<OperatingPoint> tune;    // none: no threshold reaches the wanted precision
  std::optional<OperatingPoint> held_out;  // that threshold on the other half
};

struct VerdictCounts {
  int64_t accepted = 0, accepted_correct = 0;
  int64_t ambiguous = 0, ambiguous_named = 0;  // …whose answer is the best or one of the rivals
  int64_t unknown = 0, unknown_unanswerable = 0;
};

struct MarginCalibration {
  MarginOptions options;  // fitted, with accept_probability and ambiguity
  int64_t num_tune = 0, num_held_out = 0;
  int64_t num_answerable = 0;  // of both halves
  // "cosine", a threshold on the best cosine; "margin-published", s = 30 and m = 0.35; "margin", s and m fitted;
  // "margin-background". The chosen one has the largest coverage on the tuning half; of equals the last.
  std::vector<ScorerMeasure> scorers;
  std::string chosen;
  VerdictCounts held_out;  // of the chosen options
};

// Fits s, m and the background so that p is the probability that the best class is the expected one (least logarithmic
// loss, with the smoothed targets of Platt 1999), then the threshold of p with the largest coverage at the wanted
// precision, then how near a class must be to count as a rival: as near as gives most ambiguous verdicts whose answer
// is named, at that precision. OURS: the posts give no rule. Queries are split into two halves by a checksum of their
// texts, answerable and unanswerable ones apart; the fit sees one half, the figures come from the other. The same
// queries give the same result in any order and on any machine with IEEE arithmetic, up to the last bits of exp and log.
//
// InvalidArgument: fewer than two answerable queries, a bad query (named by its text). FailedPrecondition: no
// threshold reaches the wanted precision; the message says what is reached.
absl::StatusOr<MarginCalibration> CalibrateMargin(absl::Span<const CalibrationQuery> queries, const CalibrationOptions& options);

}  // namespace senvec
