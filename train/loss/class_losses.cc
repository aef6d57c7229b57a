#include "train/loss/class_losses.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "train/loss/pair_losses.h"

namespace senvec {

at::Tensor CrossEntropyLoss(const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor own = logits.gather(1, targets.unsqueeze(1)).squeeze(1);
  return (at::logsumexp(logits, 1) - own).mean();
}

at::Tensor ExactLoss(const at::Tensor& logits, const at::Tensor& targets) {
  constexpr double kEnd = 8, kStep = 0.125;
  constexpr int64_t kNodes = static_cast<int64_t>(2 * kEnd / kStep) + 1;
  const at::Tensor nodes = at::linspace(-kEnd, kEnd, kNodes, logits.options());
  const at::Tensor weights = at::exp(nodes * nodes * -0.5) * (kStep / std::sqrt(2 * M_PI));
  const at::Tensor own = logits.gather(1, targets.unsqueeze(1));
  const at::Tensor ahead = own - logits;  // n × classes; 0 at the target
  // n × classes × nodes: log Φ(t + ahead), the target's own factor left out.
  const at::Tensor cdf = at::erfc((nodes + ahead.unsqueeze(2)) * -M_SQRT1_2) * 0.5;
  const at::Tensor target = at::zeros_like(logits).scatter(1, targets.unsqueeze(1), 1).to(at::kBool).unsqueeze(2);
  const at::Tensor log_product = at::log(cdf.masked_fill(target, 1).clamp_min(1e-37)).sum(1);
  return 1 - (at::exp(log_product) * weights).sum(1).mean();
}

at::Tensor AmSoftmaxLoss(const at::Tensor& vectors, const at::Tensor& classes, const at::Tensor& targets, double scale,
                         double margin) {
  const at::Tensor cosines = at::matmul(Normalized(vectors), Normalized(classes).t());
  const at::Tensor less =
      at::zeros_like(cosines).scatter(1, targets.unsqueeze(1), margin);
  return CrossEntropyLoss((cosines - less) * scale, targets);
}

double AdaptiveMargin(const at::Tensor& vectors, const at::Tensor& classes, const at::Tensor& targets, double limit) {
  const at::Tensor own = classes.detach().index_select(0, targets);
  const double distance = 1 - RowCosines(vectors.detach(), own).mean().item<double>();
  return std::clamp(2 * distance, 0.0, limit);
}

}  // namespace senvec
