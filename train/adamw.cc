#include "train/adamw.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "encoder/torch/dropout_hash.h"
#include "encoder/torch/fused_loops.h"

namespace senvec {
namespace {

// Values to a piece, so that sums do not depend on the number of threads.
constexpr int64_t kPiece = 1 << 16;

int64_t Pieces(int64_t count) { return (count + kPiece - 1) / kPiece; }

}  // namespace

AdamW::AdamW(const OptimizerConfig& config, uint64_t seed, ParameterSet* parameters)
    : config_(config), seed_(seed), parameters_(parameters) {
  for (const ParameterSet::Item& item : parameters->items()) {
    first_.push_back(at::zeros(item.value.sizes(), at::kFloat));
    second_.push_back(at::zeros(item.value.sizes(), at::kFloat));
    if (config.ema > 0) averages_.push_back(item.value.detach().clone());
  }
}

double AdamW::GradientNorm() const {
  double total = 0;
  for (const ParameterSet::Item& item : parameters_->items()) {
    if (!item.value.grad().defined()) continue;
    const at::Tensor gradient = item.value.grad().contiguous();
    const float* values = gradient.data_ptr<float>();
    const int64_t count = gradient.numel();
    std::vector<double> sums(static_cast<size_t>(Pieces(count)));
    at::parallel_for(0, Pieces(count), 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        sums[p] = BestFusedLoops().square_sum(values + p * kPiece, std::min(kPiece, count - p * kPiece));
      }
    });
    for (double sum : sums) total += sum;
  }
  return std::sqrt(total);
}

void AdamW::MaskGradient(int64_t step, size_t index, at::Tensor& gradient) const {
  if (!child_.empty()) {
    gradient = gradient * child_[index];
    return;
  }
  if (config_.child_tuning != ChildTuning::kFree) return;
  const uint32_t threshold = DropoutHash::Threshold(1 - config_.child_share);
  const uint64_t site = DropoutHash::Site(DropoutHash::Site(seed_, static_cast<uint64_t>(step)), index);
  const float kept = static_cast<float>(1 / config_.child_share);
  gradient = gradient.clone();
  float* values = gradient.data_ptr<float>();
  const int64_t count = gradient.numel();
  at::parallel_for(0, Pieces(count), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const uint32_t row = DropoutHash::Row(site, static_cast<uint64_t>(p));
      const int64_t last = std::min(kPiece, count - p * kPiece);
      for (int64_t i = 0; i < last; ++i) {
        float& value = values[p * kPiece + i];
        value = DropoutHash::Value(row, static_cast<uint32_t>(i)) < threshold ? 0.0f : value * kept;
      }
    }
  });
}

void AdamW::UpdateAverage(int64_t step, size_t index) {
  // Young averages forget the beginning sooner.
  const double decay = std::min(config_.ema, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  averages_[index].mul_(decay).add_(parameters_->items()[index].value.detach(), 1 - decay);
}

void AdamW::Step(int64_t step, double learning_rate, double norm) {
  const bool clip = config_.clip_norm > 0 && norm > config_.clip_norm;
  const float scale = clip ? static_cast<float>(config_.clip_norm / norm) : 1.0f;
  const double t = static_cast<double>(step) + 1;
  FusedLoops::AdamW settings{.learning_rate = static_cast<float>(learning_rate),
                             .beta1 = static_cast<float>(config_.beta1),
                             .beta2 = static_cast<float>(config_.beta2),
                             .epsilon = static_cast<float>(config_.epsilon),
                             .decay = 0,
                             .correction1 = static_cast<float>(1 - std::pow(config_.beta1, t)),
                             .correction2 = static_cast<float>(1 - std::pow(config_.beta2, t))};
  const std::vector<ParameterSet::Item>& items = parameters_->items();
  for (size_t index = 0; index < items.size(); ++index) {
    if (items[index].value.grad().defined()) {
      at::Tensor gradient = items[index].value.grad().contiguous();
      MaskGradient(step, index, gradient);
      const bool decays = items[index].value.dim() > 1;  // neither biases nor norms
      settings.decay = decays ? static_cast<float>(learning_rate * config_.weight_decay) : 0.0f;
      const float* from = gradient.data_ptr<float>();
      float* value = items[index].value.data_ptr<float>();
      float* first = first_[index].data_ptr<float>();
      float* second = second_[index].data_ptr<float>();
      const int64_t count = gradient.numel();
      at::parallel_for(0, Pieces(count), 1, [&](int64_t begin, int64_t end) {
        const int64_t start = begin * kPiece, stop = std::min(count, end * kPiece);
        BestFusedLoops().adamw(settings, from + start, scale, stop - start, value + start, first + start,
                               second + start);
      });
    }
    if (!averages_.empty()) UpdateAverage(step, index);
  }
}

std::vector<at::Tensor> AdamW::Values() const {
  if (!averages_.empty()) return averages_;
  std::vector<at::Tensor> values;
  for (const ParameterSet::Item& item : parameters_->items()) values.push_back(item.value.detach());
  return values;
}

void AdamW::ChooseChild(const std::vector<at::Tensor>& fisher) {
  std::vector<at::Tensor> flat;
  int64_t total = 0;
  for (const at::Tensor& sums : fisher) {
    flat.push_back(sums.reshape({-1}));
    total += sums.numel();
  }
  const int64_t dropped = total - static_cast<int64_t>(std::llround(static_cast<double>(total) * config_.child_share));
  const float threshold =
      dropped <= 0 ? -1.0f : std::get<0>(at::kthvalue(at::cat(flat), dropped)).item<float>();
  child_.clear();
  for (const at::Tensor& sums : fisher) child_.push_back((sums > threshold).to(at::kFloat));
}

}  // namespace senvec
