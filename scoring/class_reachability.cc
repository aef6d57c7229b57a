#include "scoring/class_reachability.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

double Dot(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

absl::Status Check(absl::Span<const double> weights, absl::Span<const double> biases, int32_t dim, size_t target) {
  const size_t d = static_cast<size_t>(std::max(dim, 0));
  if (d == 0 || weights.size() % d != 0 || target >= weights.size() / d ||
      (!biases.empty() && biases.size() != weights.size() / d)) {
    return absl::InvalidArgumentError(absl::StrCat(weights.size(), " weights of dimension ", dim, ", ", biases.size(),
                                                   " biases and item ", target, " do not fit"));
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i]) || (!biases.empty() && !std::isfinite(biases[i / d]))) {
      return absl::InvalidArgumentError(absl::StrCat("item ", i / d, " has a value that is not finite"));
    }
  }
  return absl::OkStatus();
}

// The differences to the target, each of length 1.
struct Directions {
  size_t dim = 0;
  std::vector<double> rows;
  bool has_twin = false;  // an item equals the target

  size_t size() const { return rows.size() / dim; }
  absl::Span<const double> row(size_t i) const { return absl::MakeConstSpan(rows).subspan(i * dim, dim); }
};

Directions DirectionsOf(absl::Span<const double> weights, absl::Span<const double> biases, size_t d, size_t target) {
  Directions directions;
  directions.dim = d + (biases.empty() ? 0 : 1);
  std::vector<double> difference(directions.dim);
  for (size_t i = 0; i < weights.size() / d; ++i) {
    if (i == target) continue;
    for (size_t j = 0; j < d; ++j) difference[j] = weights[target * d + j] - weights[i * d + j];
    if (!biases.empty()) difference[d] = biases[target] - biases[i];
    const double length = std::sqrt(Dot(difference, difference));
    directions.has_twin = directions.has_twin || length == 0;
    for (const double value : difference) directions.rows.push_back(length == 0 ? 0 : value / length);
  }
  if (!biases.empty()) {
    directions.rows.resize(directions.rows.size() + d, 0);
    directions.rows.push_back(1);
  }
  return directions;
}

// The point of the simplex, as the vector Σ α_i · row(i).
struct HullPoint {
  std::vector<double> alpha;
  std::vector<double> vector;
};

HullPoint Centre(const Directions& directions) {
  HullPoint point;
  point.alpha.assign(directions.size(), 1 / static_cast<double>(directions.size()));
  point.vector.assign(directions.dim, 0);
  for (size_t i = 0; i < directions.rows.size(); ++i) {
    point.vector[i % directions.dim] += directions.rows[i] / static_cast<double>(directions.size());
  }
  return point;
}

// Moves weight from the vertex that pulls farthest out to the one that pulls farthest in, as far as is best.
void Step(const Directions& directions, size_t to, size_t from, HullPoint& point) {
  double along = 0, squares = 0;
  for (size_t j = 0; j < directions.dim; ++j) {
    const double move = directions.row(to)[j] - directions.row(from)[j];
    along += point.vector[j] * move;
    squares += move * move;
  }
  if (squares == 0) return;
  const double size = std::clamp(-along / squares, 0.0, point.alpha[from]);
  point.alpha[to] += size;
  point.alpha[from] -= size;
  for (size_t j = 0; j < directions.dim; ++j) {
    point.vector[j] += size * (directions.row(to)[j] - directions.row(from)[j]);
  }
}

}  // namespace

absl::StatusOr<Reachability> CheckReachable(absl::Span<const double> weights, absl::Span<const double> biases,
                                            int32_t dim, size_t target, const ReachabilityOptions& options) {
  if (absl::Status good = Check(weights, biases, dim, target); !good.ok()) return good;
  const Directions directions = DirectionsOf(weights, biases, static_cast<size_t>(dim), target);
  if (directions.has_twin) return Reachability::kUnreachable;
  if (directions.size() == 0) return Reachability::kReachable;
  HullPoint point = Centre(directions);
  for (int32_t step = 0; step < options.max_steps; ++step) {
    const double length = std::sqrt(Dot(point.vector, point.vector));
    if (length <= options.tolerance) return Reachability::kUnreachable;
    size_t nearest = 0, farthest = directions.size();
    double least = 0, most = 0;
    for (size_t i = 0; i < directions.size(); ++i) {
      const double dot = Dot(directions.row(i), point.vector);
      if (i == 0 || dot < least) {
        least = dot;
        nearest = i;
      }
      if (point.alpha[i] > 0 && (farthest == directions.size() || dot > most)) {
        most = dot;
        farthest = i;
      }
    }
    if (least > options.tolerance * length) return Reachability::kReachable;
    Step(directions, nearest, farthest, point);
  }
  return Reachability::kUndecided;
}

}  // namespace senvec
