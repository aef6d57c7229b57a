#include "eval/whiten_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "encoder/whitening/eigen.h"
#include "eval/measures/correlation.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"

namespace senvec {
namespace {

constexpr int64_t kBlockPairs = 64;
constexpr double kFloor = WhiteningOptions().eigenvalue_floor;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

absl::Status CheckPairs(const PairVectors& set, int64_t dim) {
  const int64_t n = static_cast<int64_t>(set.rows.size()) / dim;
  if (static_cast<int64_t>(set.rows.size()) != n * dim || set.pairs.size() != set.labels.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(set.pairs.size(), " pairs with ", set.labels.size(), " labels over ",
                     set.rows.size(), " values of vectors of ", dim));
  }
  for (const auto& [a, b] : set.pairs) {
    if (std::min(a, b) >= 0 && std::max(a, b) < n) continue;
    return absl::InvalidArgumentError(absl::StrCat("a pair of rows ", a, " and ", b, " of ", n));
  }
  return absl::OkStatus();
}

// One β: components of vectors along the eigenvectors, and weights that turn products of components
// into sums over each stretch of components between one k and the next, for each γ.
class BetaPass {
 public:
  BetaPass(const WhiteningStatistics& statistics, double beta, const EigenDecomposition& eigen,
           const WhitenGrid& grid)
      : dim_(statistics.dim()), cuts_(grid.k.size()), gammas_(grid.gamma.size()),
        kernels_(KernelsFor(SupportedIsas().back())),
        project_(Projection(statistics, beta, eigen)),
        weigh_(Weights(eigen, grid)) {}

  // Cosines of the pairs from `begin` on, at most kBlockPairs, to out[(γ · |k| + k) · n + pair].
  void Run(const PairVectors& set, int64_t begin, absl::Span<float> out) const {
    const int64_t n = static_cast<int64_t>(set.pairs.size());
    const int64_t count = std::min(kBlockPairs, n - begin);
    const std::vector<float> products = Products(set, begin, count);
    std::vector<float> sums(3 * count * weigh_.out());
    LeftOperand left;
    left.View(products.data(), 3 * count, dim_, dim_);
    weigh_.Multiply(left, nullptr, {.fp32 = sums.data()});
    for (int64_t i = 0; i < count; ++i) {
      const float* ab = sums.data() + 3 * i * weigh_.out();
      for (int64_t g = 0; g < gammas_; ++g) {
        double sum[3] = {0, 0, 0};
        for (int64_t c = 0; c < cuts_; ++c) {
          for (int s = 0; s < 3; ++s) sum[s] += ab[s * weigh_.out() + g * cuts_ + c];
          const double scale = std::sqrt(sum[1] * sum[2]);
          out[(g * cuts_ + c) * n + begin + i] = static_cast<float>(scale > 0 ? sum[0] / scale : kNone);
        }
      }
    }
  }

 private:
  // xU − βμU.
  PackedMatrix Projection(const WhiteningStatistics& statistics, double beta,
                          const EigenDecomposition& eigen) const {
    std::vector<float> weight(dim_ * dim_), bias(dim_);
    for (int64_t j = 0; j < dim_; ++j) {
      double along = 0;
      for (int64_t i = 0; i < dim_; ++i) {
        weight[j * dim_ + i] = static_cast<float>(eigen.vectors[i * dim_ + j]);
        along += statistics.mean()[i] * eigen.vectors[i * dim_ + j];
      }
      bias[j] = static_cast<float>(-beta * along);
    }
    return PackedMatrix::Pack(weight, bias, dim_, dim_, Precision::kFp32, kernels_);
  }

  // (λ_j / λ_1)^(−γ) in the column of γ and the stretch of j, 0 elsewhere.
  PackedMatrix Weights(const EigenDecomposition& eigen, const WhitenGrid& grid) const {
    std::vector<float> weight(gammas_ * cuts_ * dim_);
    for (int64_t g = 0; g < gammas_; ++g) {
      for (int64_t c = 0; c < cuts_; ++c) {
        for (int64_t j = c == 0 ? 0 : grid.k[c - 1]; j < grid.k[c]; ++j) {
          const double share = std::max(eigen.values[j] / eigen.values[0], kFloor);
          weight[(g * cuts_ + c) * dim_ + j] = static_cast<float>(std::pow(share, -grid.gamma[g]));
        }
      }
    }
    return PackedMatrix::Pack(weight, {}, gammas_ * cuts_, dim_, Precision::kFp32, kernels_);
  }

  // For each pair three rows: a·b, a², b² by component.
  std::vector<float> Products(const PairVectors& set, int64_t begin, int64_t count) const {
    std::vector<float> rows(2 * count * dim_), sides(2 * count * dim_), products(3 * count * dim_);
    for (int64_t i = 0; i < count; ++i) {
      const auto& [a, b] = set.pairs[begin + i];
      std::copy_n(set.rows.begin() + a * dim_, dim_, rows.begin() + 2 * i * dim_);
      std::copy_n(set.rows.begin() + b * dim_, dim_, rows.begin() + (2 * i + 1) * dim_);
    }
    LeftOperand left;
    left.View(rows.data(), 2 * count, dim_, dim_);
    project_.Multiply(left, nullptr, {.fp32 = sides.data()});
    for (int64_t i = 0; i < count; ++i) {
      const float* a = sides.data() + 2 * i * dim_;
      const float* b = a + dim_;
      float* out = products.data() + 3 * i * dim_;
      for (int64_t j = 0; j < dim_; ++j) {
        out[j] = a[j] * b[j];
        out[dim_ + j] = a[j] * a[j];
        out[2 * dim_ + j] = b[j] * b[j];
      }
    }
    return products;
  }

  const int64_t dim_, cuts_, gammas_;
  const Kernels& kernels_;
  const PackedMatrix project_, weigh_;
};

// Spearman's ρ of each column of cosines with the labels.
std::vector<double> Correlate(const BetaPass& pass, const PairVectors& set, int64_t columns,
                              ThreadPool& pool) {
  const int64_t n = static_cast<int64_t>(set.pairs.size());
  std::vector<double> rho(columns, kNone);
  if (n < 2) return rho;
  std::vector<float> cosines(columns * n);
  pool.ParallelFor((n + kBlockPairs - 1) / kBlockPairs, [&](size_t block) {
    pass.Run(set, static_cast<int64_t>(block) * kBlockPairs, absl::MakeSpan(cosines));
  });
  const auto reference = SpearmanReference::Make(set.labels);
  if (!reference.ok()) return rho;
  pool.ParallelFor(columns, [&](size_t column) {
    const auto values = absl::MakeConstSpan(cosines).subspan(column * n, n);
    const auto found = reference->Correlate(std::vector<double>(values.begin(), values.end()));
    if (found.ok()) rho[column] = *found;
  });
  return rho;
}

}  // namespace

absl::Status WhitenGrid::Validate(int32_t dim) const {
  if (k.empty() || beta.empty() || gamma.empty()) {
    return absl::InvalidArgumentError("a grid needs at least one k, one beta and one gamma");
  }
  for (size_t i = 0; i < k.size(); ++i) {
    if (k[i] >= 1 && k[i] <= dim && (i == 0 || k[i] > k[i - 1])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("k is ", k[i], " at place ", i, "; values must ascend within [1, ", dim, "]"));
  }
  for (const std::vector<double>* values : {&beta, &gamma}) {
    for (const double value : *values) {
      const WhiteningOptions options = {.k = 1, .beta = value, .gamma = value};
      SENVEC_RETURN_IF_ERROR(options.Validate(dim));
    }
  }
  return absl::OkStatus();
}

WhitenGrid WhitenGrid::Coarse(int32_t dim) {
  WhitenGrid grid{{}, {0, 0.25, 0.5, 0.75, 1}, {0, 0.25, 0.5, 0.75, 1}};
  for (const int twelfth : {1, 2, 3, 4, 6, 8, 10, 12}) {
    const int32_t k = twelfth == 12 ? dim : std::max(1, dim * twelfth / 12 / 8 * 8);
    if (grid.k.empty() || k > grid.k.back()) grid.k.push_back(k);
  }
  return grid;
}

WhitenGrid WhitenGrid::Around(double beta, double gamma, double step, std::vector<int32_t> k) {
  WhitenGrid grid{std::move(k), {}, {}};
  for (const double shift : {-0.5, -0.25, 0.0, 0.25, 0.5}) {
    grid.beta.push_back(beta + shift * step);
    grid.gamma.push_back(gamma + shift * step);
  }
  return grid;
}

absl::StatusOr<std::vector<WhitenPoint>> SearchWhitening(const WhiteningStatistics& statistics,
                                                         const PairVectors& dev,
                                                         const PairVectors& test,
                                                         const WhitenGrid& grid, ThreadPool& pool,
                                                         const std::function<absl::Status()>& check) {
  SENVEC_RETURN_IF_ERROR(grid.Validate(statistics.dim()));
  SENVEC_RETURN_IF_ERROR(CheckPairs(dev, statistics.dim()));
  SENVEC_RETURN_IF_ERROR(CheckPairs(test, statistics.dim()));
  if (statistics.count() < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat("whitening needs at least 2 vectors, got ", statistics.count()));
  }
  const int64_t columns = static_cast<int64_t>(grid.k.size() * grid.gamma.size());
  std::vector<WhitenPoint> points;
  for (const double beta : grid.beta) {
    if (check) SENVEC_RETURN_IF_ERROR(check());
    SENVEC_ASSIGN_OR_RETURN(const EigenDecomposition eigen,
                            DecomposeSymmetric(statistics.Covariance(beta), statistics.dim()));
    if (!(eigen.values[0] > 0)) {
      return absl::FailedPreconditionError("all vectors are equal: there is nothing to whiten");
    }
    const BetaPass pass(statistics, beta, eigen, grid);
    const std::vector<double> on_dev = Correlate(pass, dev, columns, pool);
    const std::vector<double> on_test = Correlate(pass, test, columns, pool);
    for (size_t g = 0; g < grid.gamma.size(); ++g) {
      for (size_t c = 0; c < grid.k.size(); ++c) {
        const size_t column = g * grid.k.size() + c;
        points.push_back({grid.k[c], beta, grid.gamma[g], on_dev[column], on_test[column]});
      }
    }
  }
  return points;
}

const WhitenPoint* BestPoint(absl::Span<const WhitenPoint> points) {
  const WhitenPoint* best = nullptr;
  for (const WhitenPoint& point : points) {
    if (std::isnan(point.dev)) continue;
    if (best == nullptr || point.dev > best->dev ||
        (point.dev == best->dev && point.k < best->k)) {
      best = &point;
    }
  }
  return best;
}

}  // namespace senvec
