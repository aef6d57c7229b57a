#include "eval/measures/calibration.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/measures/confusion.h"

namespace senvec {
namespace {

constexpr int kMaxSteps = 100;
constexpr double kSmallestStep = 1e-10;
// Keeps the Hessian invertible when all scores are equal.
constexpr double kRidge = 1e-12;

// ln(1 + e^z) − t·z without overflow.
double Loss(double z, double target) {
  return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) - target * z;
}

class PlattFit {
 public:
  PlattFit(absl::Span<const double> scores, absl::Span<const uint8_t> labels)
      : scores_(scores), labels_(labels) {
    for (const uint8_t label : labels) ++(label == 1 ? positives_ : negatives_);
    high_ = (positives_ + 1) / (positives_ + 2);
    low_ = 1 / (negatives_ + 2);
    for (const double s : scores) mean_ += s / static_cast<double>(scores.size());
    for (const double s : scores) spread_ = std::max(spread_, std::abs(s - mean_));
    if (spread_ == 0) spread_ = 1;
  }

  LogisticCurve Run() {
    offset_ = std::log((positives_ + 1) / (negatives_ + 1));
    double loss = TotalLoss(slope_, offset_);
    for (int step = 0; step < kMaxSteps; ++step) {
      if (!Step(loss)) break;
    }
    // Back from centred and scaled scores.
    return {slope_ / spread_, offset_ - slope_ * mean_ / spread_};
  }

 private:
  double Scaled(size_t i) const { return (scores_[i] - mean_) / spread_; }
  double Target(size_t i) const { return labels_[i] == 1 ? high_ : low_; }

  double TotalLoss(double slope, double offset) const {
    double sum = 0;
    for (size_t i = 0; i < scores_.size(); ++i) sum += Loss(slope * Scaled(i) + offset, Target(i));
    return sum;
  }

  // One Newton step, halved until the loss falls; false when there is nothing left to gain.
  bool Step(double& loss) {
    double ga = 0, gb = 0, haa = kRidge, hab = 0, hbb = kRidge;
    for (size_t i = 0; i < scores_.size(); ++i) {
      const double x = Scaled(i);
      const double p = LogisticCurve{slope_, offset_}.Probability(x);
      const double error = p - Target(i), weight = p * (1 - p);
      ga += error * x;
      gb += error;
      haa += weight * x * x;
      hab += weight * x;
      hbb += weight;
    }
    const double determinant = haa * hbb - hab * hab;
    const double da = -(hbb * ga - hab * gb) / determinant;
    const double db = -(haa * gb - hab * ga) / determinant;
    for (double step = 1; step > kSmallestStep; step /= 2) {
      const double next = TotalLoss(slope_ + step * da, offset_ + step * db);
      if (next >= loss) continue;
      slope_ += step * da;
      offset_ += step * db;
      const bool goes_on = std::abs(da) + std::abs(db) > 1e-14;
      loss = next;
      return goes_on;
    }
    return false;
  }

  const absl::Span<const double> scores_;
  const absl::Span<const uint8_t> labels_;
  double positives_ = 0, negatives_ = 0, high_ = 0, low_ = 0;
  double mean_ = 0, spread_ = 0;
  double slope_ = 0, offset_ = 0;
};

}  // namespace

double LogisticCurve::Probability(double score) const {
  const double z = slope * score + offset;
  if (z >= 0) return 1 / (1 + std::exp(-z));
  const double e = std::exp(z);
  return e / (1 + e);
}

absl::StatusOr<LogisticCurve> FitLogistic(absl::Span<const double> scores,
                                          absl::Span<const uint8_t> labels) {
  SENVEC_RETURN_IF_ERROR(CheckBinary(scores, labels));
  return PlattFit(scores, labels).Run();
}

absl::StatusOr<Calibration> MeasureCalibration(absl::Span<const double> probabilities,
                                               absl::Span<const uint8_t> labels, int num_bins) {
  SENVEC_RETURN_IF_ERROR(CheckBinary(probabilities, labels));
  if (num_bins < 1) {
    return absl::InvalidArgumentError(absl::StrCat("calibration in ", num_bins, " bins"));
  }
  Calibration result;
  result.bins.resize(num_bins);
  const double n = static_cast<double>(probabilities.size());
  for (size_t i = 0; i < probabilities.size(); ++i) {
    const double p = probabilities[i];
    if (p < 0 || p > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("probability ", i, " is ", p, ", outside [0, 1]"));
    }
    const int place = static_cast<int>(std::ceil(p * num_bins)) - 1;
    ReliabilityBin& bin = result.bins[std::clamp(place, 0, num_bins - 1)];
    ++bin.count;
    bin.mean_probability += p;
    bin.positive_share += labels[i];
    result.brier += (p - labels[i]) * (p - labels[i]) / n;
  }
  for (ReliabilityBin& bin : result.bins) {
    if (bin.count == 0) continue;
    bin.mean_probability /= static_cast<double>(bin.count);
    bin.positive_share /= static_cast<double>(bin.count);
    const double gap = std::abs(bin.mean_probability - bin.positive_share);
    result.error += static_cast<double>(bin.count) / n * gap;
    result.largest_gap = std::max(result.largest_gap, gap);
  }
  return result;
}

}  // namespace senvec
