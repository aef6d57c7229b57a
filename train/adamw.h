#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "encoder/torch/parameter_set.h"
#include "train/data/train_config.h"

namespace senvec {

// AdamW with clipping, ChildTuning and averaged weights, on fp32 parameters. All state is in the tensors below and in the
// number of the step. Not thread-safe; the parameters must outlive it.
class AdamW {
 public:
  AdamW(const OptimizerConfig& config, uint64_t seed, ParameterSet* parameters);

  // Of all gradients together; not finite when one of them is not.
  double GradientNorm() const;
  // Step `step` (the first is 0) with the gradients there are; parameters without one stay as they are. `norm` is
  // GradientNorm()'s, and what clipping goes by.
  void Step(int64_t step, double learning_rate, double norm);

  // In the order of the parameters.
  std::vector<at::Tensor>& first() { return first_; }
  std::vector<at::Tensor>& second() { return second_; }
  // The averaged weights; empty without them.
  std::vector<at::Tensor>& averages() { return averages_; }
  // What a saved model holds: the averages, or the parameters themselves.
  std::vector<at::Tensor> Values() const;

  // ChildTuning's task-driven form: of all parameters only the share with the largest sums of squared gradients will be
  // trained. `fisher` in the order of the parameters.
  void ChooseChild(const std::vector<at::Tensor>& fisher);
  // 0 or 1 for each value; empty unless ChooseChild() was called.
  std::vector<at::Tensor>& child() { return child_; }

 private:
  void MaskGradient(int64_t step, size_t index, at::Tensor& gradient) const;
  void UpdateAverage(int64_t step, size_t index);

  const OptimizerConfig config_;
  const uint64_t seed_;
  ParameterSet* const parameters_;
  std::vector<at::Tensor> first_, second_, averages_, child_;
};

}  // namespace senvec
