#pragma once

#include <ATen/core/Tensor.h>

namespace senvec {

// How far a student's vectors are from a teacher's. students: n × dim; teachers: n × dim, rows of length 1 (their mean taken
// off before, see CenteredTargets()).
//   mean(1 − cos(student, teacher)) + similarity_weight · mean((S − T)²), S and T the n × n cosines within the batch
at::Tensor DistillLoss(const at::Tensor& students, const at::Tensor& teachers, double similarity_weight);

// (x − share · mean), rows of length 1.
at::Tensor CenteredTargets(const at::Tensor& teachers, const at::Tensor& mean, double share);

}  // namespace senvec
