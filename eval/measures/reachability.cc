#include "eval/measures/reachability.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// The search for one item: p = w_k − Σ α_i w_i is moved to the shortest such vector. When every
// p·(w_k − w_i) is positive, p is a query that ranks k first.
class HullSearch {
 public:
  HullSearch(const RowsView& rows, int64_t item, double tolerance)
      : rows_(rows), item_(item), tolerance_(tolerance), weights_(rows.size()), p_(rows.dim) {
    const int64_t start = item == 0 ? 1 : 0;
    weights_[start] = 1;
    for (int64_t d = 0; d < rows.dim; ++d) p_[d] = static_cast<double>(rows[item][d]) - rows[start][d];
  }

  Reach Run(int max_steps) {
    for (int step = 0; step < max_steps; ++step) {
      if (Length2() <= tolerance_ * tolerance_) return Reach::kUnreachable;
      FindVertices();
      // p·w_k > p·w_i for all i.
      if (gap_ > 1e-12 * std::sqrt(Length2())) return Reach::kReachable;
      if (!Move()) return Reach::kUndecided;
    }
    return Reach::kUndecided;
  }

 private:
  double Length2() const {
    double sum = 0;
    for (const double v : p_) sum += v * v;
    return sum;
  }

  double Along(int64_t i) const {
    double sum = 0;
    for (int64_t d = 0; d < rows_.dim; ++d) sum += p_[d] * rows_[i][d];
    return sum;
  }

  // The other item that p likes best, and among those in use the one that it likes least.
  void FindVertices() {
    double most = -INFINITY, least = INFINITY;
    for (int64_t i = 0; i < rows_.size(); ++i) {
      if (i == item_) continue;
      const double along = Along(i);
      if (along > most) most = along, toward_ = i;
      if (weights_[i] > 0 && along < least) least = along, away_ = i;
    }
    gap_ = Along(item_) - most;
  }

  // Shifts weight from away_ to toward_, as far as shortens p.
  bool Move() {
    double slope = 0, length = 0;
    for (int64_t d = 0; d < rows_.dim; ++d) {
      const double step = static_cast<double>(rows_[toward_][d]) - rows_[away_][d];
      slope += p_[d] * step;
      length += step * step;
    }
    if (!(length > 0) || !(slope > 0)) return false;
    const double amount = std::min(weights_[away_], slope / length);
    weights_[toward_] += amount;
    weights_[away_] = amount == weights_[away_] ? 0.0 : weights_[away_] - amount;
    for (int64_t d = 0; d < rows_.dim; ++d) {
      p_[d] -= amount * (static_cast<double>(rows_[toward_][d]) - rows_[away_][d]);
    }
    return true;
  }

  const RowsView rows_;
  const int64_t item_;
  const double tolerance_;
  std::vector<double> weights_;
  std::vector<double> p_;
  int64_t toward_ = 0, away_ = 0;
  double gap_ = 0;
};

Reach ReachOf(const RowsView& rows, int64_t item, double tolerance, int max_steps) {
  const double own = Dot(rows[item], rows[item]);
  bool first = true;
  for (int64_t i = 0; i < rows.size(); ++i) {
    if (i == item) continue;
    if (std::equal(rows[i].begin(), rows[i].end(), rows[item].begin())) return Reach::kEqual;
    first = first && own > Dot(rows[item], rows[i]);
  }
  if (first) return Reach::kReachable;
  return HullSearch(rows, item, tolerance).Run(max_steps);
}

}  // namespace

absl::StatusOr<std::vector<Reach>> FindUnreachable(const RowsView& rows,
                                                   const ReachOptions& options) {
  if (rows.dim <= 0 || rows.values.empty() || rows.values.size() % rows.dim != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.values.size(), " values are no rows of ", rows.dim));
  }
  double longest = 0;
  for (int64_t i = 0; i < rows.size(); ++i) {
    const double length = std::sqrt(Dot(rows[i], rows[i]));
    if (!std::isfinite(length)) {
      return absl::InvalidArgumentError(absl::StrCat("row ", i, " has a value that is not finite"));
    }
    longest = std::max(longest, length);
  }
  std::vector<Reach> result;
  for (int64_t i = 0; i < rows.size(); ++i) {
    result.push_back(ReachOf(rows, i, options.tolerance * longest, options.max_steps));
  }
  return result;
}

}  // namespace senvec
