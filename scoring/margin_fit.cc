#include "scoring/margin_fit.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace senvec {
namespace {

constexpr int kSteps = 300;
constexpr double kSmallestSpread = 1e-9;

// ln s, m, background: a point of the search.
using Point = std::array<double, 3>;

struct Vertex {
  Point at;
  double loss;
};

MarginOptions OptionsAt(const Point& at, bool with_background) {
  MarginOptions options;
  options.scale = std::clamp(std::exp(at[0]), 0.1, 1000.0);
  options.margin = std::clamp(at[1], -2.0, 2.0);
  if (with_background) options.background = std::clamp(at[2], -2.0, 2.0);
  return options;
}

double Softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// a + t (b − a)
Point Towards(const Point& a, const Point& b, double t) {
  return {a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])};
}

// Nelder and Mead (1965) with the usual factors 1, 2, 1/2, 1/2, in `n` dimensions.
template <typename Loss>
Vertex Minimize(const Point& start, size_t n, const Loss& loss) {
  const Point steps = {0.5, 0.1, 0.1};
  std::vector<Vertex> simplex = {{start, loss(start)}};
  for (size_t i = 0; i < n; ++i) {
    Point at = start;
    at[i] += steps[i];
    simplex.push_back({at, loss(at)});
  }
  const auto better = [](const Vertex& a, const Vertex& b) { return a.loss < b.loss; };
  for (int step = 0; step < kSteps; ++step) {
    std::stable_sort(simplex.begin(), simplex.end(), better);
    if (simplex.back().loss - simplex.front().loss < kSmallestSpread) break;
    Point centre = {0, 0, 0};
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < 3; ++j) centre[j] += simplex[i].at[j] / static_cast<double>(n);
    }
    Vertex& worst = simplex.back();
    const auto probe = [&](double t) {
      const Point at = Towards(centre, worst.at, t);
      return Vertex{at, loss(at)};
    };
    const Vertex reflected = probe(-1);
    if (reflected.loss < simplex.front().loss) {
      const Vertex expanded = probe(-2);
      worst = std::min(reflected, expanded, better);
    } else if (reflected.loss < simplex[n - 1].loss) {
      worst = reflected;
    } else {
      const Vertex contracted = probe(reflected.loss < worst.loss ? -0.5 : 0.5);
      if (contracted.loss < std::min(reflected.loss, worst.loss)) {
        worst = contracted;
      } else {
        for (size_t i = 1; i <= n; ++i) {
          const Point at = Towards(simplex.front().at, simplex[i].at, 0.5);
          simplex[i] = {at, loss(at)};
        }
      }
    }
  }
  return *std::min_element(simplex.begin(), simplex.end(), better);
}

double MeanBestCosine(absl::Span<const CalibrationQuery* const> queries) {
  double sum = 0;
  for (const CalibrationQuery* query : queries) sum += query->cosines[0];
  return queries.empty() ? 0 : sum / static_cast<double>(queries.size());
}

}  // namespace

double MarginLoss(absl::Span<const CalibrationQuery* const> queries, const MarginOptions& options) {
  double positives = 0;
  for (const CalibrationQuery* query : queries) positives += query->truth == 0;
  const double negatives = static_cast<double>(queries.size()) - positives;
  const double yes = (positives + 1) / (positives + 2), no = 1 / (negatives + 2);
  double loss = 0;
  for (const CalibrationQuery* query : queries) {
    // A lone class without anything beside it has infinite odds.
    const double log_odds = std::min(700.0, ScoreBest(query->cosines, 1, query->tail, options).log_odds_low);
    const double target = query->truth == 0 ? yes : no;
    loss += target * Softplus(-log_odds) + (1 - target) * Softplus(log_odds);
  }
  return queries.empty() ? 0 : loss / static_cast<double>(queries.size());
}

MarginOptions FitMargin(absl::Span<const CalibrationQuery* const> queries, bool with_background) {
  const auto loss = [&](const Point& at) { return MarginLoss(queries, OptionsAt(at, with_background)); };
  const double typical = MeanBestCosine(queries);
  Vertex best = {{std::log(30.0), 0.35, typical}, 0};
  best.loss = loss(best.at);
  for (const double scale : {10.0, 30.0, 100.0}) {
    for (const double margin : {0.0, 0.2}) {
      const Vertex found = Minimize({std::log(scale), margin, typical - margin}, with_background ? 3 : 2, loss);
      if (found.loss < best.loss) best = found;
    }
  }
  return OptionsAt(best.at, with_background);
}

}  // namespace senvec
