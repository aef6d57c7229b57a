#include "scoring/selective.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

std::vector<ScoredAnswer> BestFirst(absl::Span<const ScoredAnswer> answers) {
  std::vector<ScoredAnswer> sorted(answers.begin(), answers.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ScoredAnswer& a, const ScoredAnswer& b) { return a.score > b.score; });
  return sorted;
}

int64_t CountAnswerable(absl::Span<const ScoredAnswer> answers) {
  return std::count_if(answers.begin(), answers.end(), [](const ScoredAnswer& a) { return a.answerable; });
}

// Above `low` and at most `high`, whatever their magnitudes; infinities are no obstacle.
double Between(double low, double high) {
  const double middle = low / 2 + high / 2;
  return middle > low && middle <= high ? middle : high;
}

void Accept(const ScoredAnswer& answer, OperatingPoint& point) {
  ++point.num_accepted;
  point.num_correct += answer.correct;
  point.num_false_alarms += !answer.answerable;
}

void FillShares(int64_t num_answerable, OperatingPoint& point) {
  const auto share = [&](int64_t of) { return of == 0 ? 0 : static_cast<double>(point.num_correct) / static_cast<double>(of); };
  point.precision = share(point.num_accepted);
  point.coverage = share(num_answerable);
}

// visit(point) for every cut between different scores, from the highest down.
template <typename Visit>
void ForEachCut(absl::Span<const ScoredAnswer> answers, const Visit& visit) {
  const std::vector<ScoredAnswer> sorted = BestFirst(answers);
  const int64_t num_answerable = CountAnswerable(answers);
  OperatingPoint point;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const bool last = i + 1 == sorted.size();
    Accept(sorted[i], point);
    if (!last && sorted[i + 1].score == sorted[i].score) continue;
    FillShares(num_answerable, point);
    point.threshold = last ? sorted[i].score : Between(sorted[i + 1].score, sorted[i].score);
    visit(point);
  }
}

}  // namespace

absl::Status CheckAnswers(absl::Span<const ScoredAnswer> answers) {
  for (size_t i = 0; i < answers.size(); ++i) {
    if (std::isnan(answers[i].score)) return absl::InvalidArgumentError(absl::StrCat("answer ", i, " has score NaN"));
    if (answers[i].correct && !answers[i].answerable) {
      return absl::InvalidArgumentError(absl::StrCat("answer ", i, " is correct although its query has none"));
    }
  }
  return absl::OkStatus();
}

std::optional<double> AnswerableAuroc(absl::Span<const ScoredAnswer> answers) {
  const double n = static_cast<double>(answers.size()), positives = static_cast<double>(CountAnswerable(answers));
  if (positives == 0 || positives == n) return std::nullopt;
  const std::vector<ScoredAnswer> sorted = BestFirst(answers);
  double wins = 0;  // of positives over negatives, ties half
  double above = 0;  // positives with a larger score
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    double tied_positives = 0;
    for (; end < sorted.size() && sorted[end].score == sorted[begin].score; ++end) tied_positives += sorted[end].answerable;
    const double tied_negatives = static_cast<double>(end - begin) - tied_positives;
    wins += tied_negatives * (above + tied_positives / 2);
    above += tied_positives;
    begin = end;
  }
  return wins / (positives * (n - positives));
}

OperatingPoint PointAt(absl::Span<const ScoredAnswer> answers, double threshold) {
  OperatingPoint point;
  point.threshold = threshold;
  for (const ScoredAnswer& answer : answers) {
    if (answer.score >= threshold) Accept(answer, point);
  }
  FillShares(CountAnswerable(answers), point);
  return point;
}

std::optional<OperatingPoint> BestPoint(absl::Span<const ScoredAnswer> answers, double precision) {
  std::optional<OperatingPoint> best;
  ForEachCut(answers, [&](const OperatingPoint& point) {
    if (point.precision < precision || point.num_correct == 0) return;
    if (!best.has_value() || point.num_correct > best->num_correct) best = point;
  });
  return best;
}

double HighestPrecision(absl::Span<const ScoredAnswer> answers) {
  double highest = 0;
  ForEachCut(answers, [&](const OperatingPoint& point) { highest = std::max(highest, point.precision); });
  return highest;
}

}  // namespace senvec
