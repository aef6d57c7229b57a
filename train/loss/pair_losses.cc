#include "train/loss/pair_losses.h"

#include <limits>

#include <ATen/ATen.h>

namespace senvec {

at::Tensor Normalized(const at::Tensor& vectors) {
  return vectors / vectors.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

at::Tensor RowCosines(const at::Tensor& a, const at::Tensor& b) { return (Normalized(a) * Normalized(b)).sum(1); }

at::Tensor CoSentLoss(const at::Tensor& scores, const at::Tensor& labels, double scale) {
  const at::Tensor scaled = scores * scale;
  // [p, q]: s_q − s_p
  const at::Tensor differences = scaled.unsqueeze(0) - scaled.unsqueeze(1);
  const at::Tensor compared = labels.unsqueeze(1) > labels.unsqueeze(0);
  const at::Tensor counted = differences.masked_select(compared);
  return at::logsumexp(at::cat({at::zeros({1}, scaled.options()), counted}), 0);
}

at::Tensor CosineLoss(const at::Tensor& cosines, const at::Tensor& labels) {
  return (cosines - labels.to(cosines.scalar_type())).pow(2).mean();
}

at::Tensor SentenceBertFeatures(const at::Tensor& u, const at::Tensor& v) {
  return at::cat({u, v, (u - v).abs()}, 1);
}

}  // namespace senvec
