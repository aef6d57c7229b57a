#include "scoring/class_statistics.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/json.h"

namespace senvec {
namespace {

// Labels are stored as JSON, which holds UTF-8 only.
bool IsUtf8(absl::string_view text) {
  const nlohmann::json json = std::string(text);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore) ==
         json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::Status CheckRow(absl::string_view label, absl::Span<const float> row, int32_t dim) {
  if (label.empty()) return absl::InvalidArgumentError("the label is empty");
  if (!IsUtf8(label)) return absl::InvalidArgumentError("the label is not UTF-8");
  if (row.size() != static_cast<size_t>(dim)) {
    return absl::InvalidArgumentError(absl::StrCat("the vector has ", row.size(), " values, expected ", dim));
  }
  for (const float value : row) {
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(absl::StrCat("a vector of label \"", label, "\" has the value ", value));
    }
  }
  return absl::OkStatus();
}

}  // namespace

ClassStatistics::ClassStatistics(int32_t dim)
    : dim_(dim), moments_(static_cast<size_t>(dim) * static_cast<size_t>(dim), 0) {}

absl::Status ClassStatistics::Add(absl::string_view label, absl::Span<const float> row) {
  if (absl::Status good = CheckRow(label, row, dim_); !good.ok()) return good;
  const size_t d = row.size();
  if (count_ == 0) shift_.assign(row.begin(), row.end());
  const auto [at, is_new] = positions_.try_emplace(std::string(label), labels_.size());
  if (is_new) {
    labels_.emplace_back(label);
    counts_.push_back(0);
    sums_.resize(sums_.size() + d, 0);
  }
  ++count_;
  ++counts_[at->second];
  std::vector<double> x(d);
  for (size_t i = 0; i < d; ++i) x[i] = row[i] - shift_[i];
  for (size_t i = 0; i < d; ++i) sums_[at->second * d + i] += x[i];
  for (size_t i = 0; i < d; ++i) {
    double* const moment = &moments_[i * d];
    for (size_t j = 0; j <= i; ++j) moment[j] += x[i] * x[j];
  }
  return absl::OkStatus();
}

std::vector<double> ClassStatistics::Means() const {
  std::vector<double> means = sums_;
  const size_t d = static_cast<size_t>(dim_);
  for (size_t i = 0; i < means.size(); ++i) means[i] /= static_cast<double>(counts_[i / d]);
  return means;
}

double ClassStatistics::MeanSquare() const {
  double sum = 0;
  for (size_t i = 0; i < static_cast<size_t>(dim_); ++i) sum += moments_[i * static_cast<size_t>(dim_) + i];
  return count_ == 0 ? 0 : sum / static_cast<double>(count_);
}

std::vector<double> ClassStatistics::WithinCovariance() const {
  const size_t d = static_cast<size_t>(dim_);
  const double n = static_cast<double>(count_);
  const std::vector<double> means = Means();
  std::vector<double> within(d * d, 0);
  for (size_t i = 0; i < d; ++i) {
    for (size_t j = 0; j <= i; ++j) within[i * d + j] = moments_[i * d + j] / n;
  }
  for (size_t c = 0; c < counts_.size(); ++c) {
    const double share = static_cast<double>(counts_[c]) / n;
    const double* const mean = &means[c * d];
    for (size_t i = 0; i < d; ++i) {
      for (size_t j = 0; j <= i; ++j) within[i * d + j] -= share * mean[i] * mean[j];
    }
  }
  for (size_t i = 0; i < d; ++i) {
    for (size_t j = 0; j < i; ++j) within[j * d + i] = within[i * d + j];
  }
  return within;
}

}  // namespace senvec
