#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace senvec {

// What one query's best answer was worth.
struct ScoredAnswer {
  double score = 0;         // larger = surer; infinities are taken
  bool correct = false;     // the best answer is the expected one; false for a query without an answer
  bool answerable = false;  // the query has an answer at all
};

// InvalidArgument names the first answer whose score is NaN, or that is correct and not answerable.
absl::Status CheckAnswers(absl::Span<const ScoredAnswer> answers);

// The probability that an answerable query's score is above an unanswerable one's, ties half: ROC AUC by average ranks,
// O(n log n). No value when one of the two kinds is missing.
std::optional<double> AnswerableAuroc(absl::Span<const ScoredAnswer> answers);

// What accepting from a score upwards gives.
struct OperatingPoint {
  double threshold = 0;  // accepted: score ≥ threshold
  int64_t num_accepted = 0;
  int64_t num_correct = 0;       // accepted and correct
  int64_t num_false_alarms = 0;  // accepted without having an answer
  double precision = 0;          // num_correct / num_accepted; 0 when nothing is accepted
  double coverage = 0;           // num_correct / answerable queries; 0 when there are none
};

OperatingPoint PointAt(absl::Span<const ScoredAnswer> answers, double threshold);

// The threshold with the largest coverage among those that reach `precision`: exact, over all cuts between different
// scores, so that ties are never split; half-way between the scores beside it. Of several with the same coverage the
// highest. No value when no cut that accepts something reaches it.
std::optional<OperatingPoint> BestPoint(absl::Span<const ScoredAnswer> answers, double precision);

// The highest precision of any cut that accepts something; 0 without answers.
double HighestPrecision(absl::Span<const ScoredAnswer> answers);

}  // namespace senvec
