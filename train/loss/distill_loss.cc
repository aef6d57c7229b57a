#include "train/loss/distill_loss.h"

#include <ATen/ATen.h>

#include "train/loss/pair_losses.h"

namespace senvec {

at::Tensor DistillLoss(const at::Tensor& students, const at::Tensor& teachers, double similarity_weight) {
  const at::Tensor own = Normalized(students);
  const at::Tensor distance = 1 - (own * teachers).sum(1).mean();
  if (similarity_weight == 0) return distance;
  const at::Tensor difference = at::matmul(own, own.t()) - at::matmul(teachers, teachers.t());
  return distance + similarity_weight * difference.pow(2).mean();
}

at::Tensor CenteredTargets(const at::Tensor& teachers, const at::Tensor& mean, double share) {
  return Normalized(teachers - share * mean);
}

}  // namespace senvec
