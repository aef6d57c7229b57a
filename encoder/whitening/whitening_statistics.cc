#include <cblas.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "encoder/whitening/one_blas_thread.h"
#include "encoder/whitening/whitening.h"

namespace senvec {
namespace {

// Rows that are centred together before they enter the sums: a few MB of fp64 at the usual sizes.
constexpr int64_t kBlockRows = 1024;

// All-ones exponents, which infinities and NaN have. In integers, so that the compiler may take many at a time.
bool AllFinite(absl::Span<const float> rows) {
  constexpr uint32_t kExponent = 0x7F800000;
  uint32_t largest = 0;
  for (const float value : rows) largest = std::max(largest, std::bit_cast<uint32_t>(value) & kExponent);
  return largest != kExponent;
}

absl::Status CheckFinite(absl::Span<const float> rows, int64_t dim) {
  if (AllFinite(rows)) return absl::OkStatus();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (std::isfinite(rows[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat("row ", i / dim, ", column ", i % dim, " is ", rows[i],
                                                   "; whitening needs finite values"));
  }
  return absl::OkStatus();
}

// Column means of rows × dim.
std::vector<double> Means(absl::Span<const float> rows, int64_t dim) {
  std::vector<double> means(dim);
  for (size_t row = 0; row < rows.size(); row += dim) {
    for (int64_t d = 0; d < dim; ++d) means[d] += rows[row + d];
  }
  for (double& mean : means) mean /= static_cast<double>(rows.size() / dim);
  return means;
}

}  // namespace

WhiteningStatistics::WhiteningStatistics(int32_t dim)
    : dim_(dim), mean_(dim), scatter_(int64_t{dim} * dim) {
  SENVEC_CHECK(dim > 0);
  KeepBlasToThisThread();
}

// Chan, Golub and LeVeque (1979): sums over two sets are joined by a rank-1 term for the distance of their means,
// so that nothing large is ever subtracted.
absl::Status WhiteningStatistics::Merge(const WhiteningStatistics& other) {
  if (other.dim_ != dim_) {
    return absl::InvalidArgumentError(
        absl::StrCat("statistics of ", other.dim_, " dimensions cannot be merged with those of ", dim_));
  }
  if (other.count_ == 0) return absl::OkStatus();
  const double total = static_cast<double>(count_ + other.count_);
  std::vector<double> distance(dim_);
  for (int32_t d = 0; d < dim_; ++d) {
    distance[d] = other.mean_[d] - mean_[d];
    mean_[d] += distance[d] * (static_cast<double>(other.count_) / total);
  }
  for (size_t i = 0; i < scatter_.size(); ++i) scatter_[i] += other.scatter_[i];
  const double weight = static_cast<double>(count_) * static_cast<double>(other.count_) / total;
  cblas_dsyr(CblasRowMajor, CblasUpper, dim_, weight, distance.data(), 1, scatter_.data(), dim_);
  count_ += other.count_;
  return absl::OkStatus();
}

absl::Status WhiteningStatistics::Add(absl::Span<const float> rows) {
  if (rows.size() % dim_ != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.size(), " values are no whole number of rows of ", dim_));
  }
  if (absl::Status status = CheckFinite(rows, dim_); !status.ok()) return status;
  // One block's sums and centred rows, whose memory serves every block.
  WhiteningStatistics part(dim_);
  std::vector<double> centred;
  for (size_t begin = 0; begin < rows.size(); begin += kBlockRows * dim_) {
    const auto block = rows.subspan(begin, kBlockRows * dim_);
    part.count_ = static_cast<int64_t>(block.size()) / dim_;
    part.mean_ = Means(block, dim_);
    centred.resize(block.size());
    for (size_t row = 0; row < block.size(); row += dim_) {
      for (int32_t d = 0; d < dim_; ++d) centred[row + d] = block[row + d] - part.mean_[d];
    }
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, dim_, static_cast<int>(part.count_), 1.0, centred.data(),
                dim_, 0.0, part.scatter_.data(), dim_);
    SENVEC_CHECK(Merge(part).ok());
  }
  return absl::OkStatus();
}

std::vector<double> WhiteningStatistics::Covariance(double beta) const {
  std::vector<double> covariance(scatter_.size());
  const double kept = (1 - beta) * (1 - beta);
  for (int64_t i = 0; i < dim_; ++i) {
    for (int64_t j = i; j < dim_; ++j) {
      const double value = scatter_[i * dim_ + j] / static_cast<double>(count_) + kept * mean_[i] * mean_[j];
      covariance[i * dim_ + j] = covariance[j * dim_ + i] = value;
    }
  }
  return covariance;
}

}  // namespace senvec
