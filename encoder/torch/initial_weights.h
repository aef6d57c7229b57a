#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "encoder/torch/parameter_set.h"

namespace senvec {

// Draws parameters of a new model, each from a stream of its own name, so that a tensor's values do not depend on which
// others there are.
class InitialWeights {
 public:
  // `parameters` must outlive this.
  InitialWeights(uint64_t seed, double deviation, ParameterSet* parameters)
      : seed_(seed), deviation_(deviation), parameters_(parameters) {}

  // Normal values, cut at two deviations.
  void Table(const std::string& name, int64_t rows, int64_t columns);
  // name.weight [Σ outs, in], whose parts are multiplied by `gains` (1 where none is given), and name.bias of 0.
  void Linear(const std::string& name, const std::vector<int64_t>& outs, int64_t in,
              const std::vector<double>& gains = {});
  // name.weight of 1 and name.bias of 0.
  void Norm(const std::string& name, int64_t width);

 private:
  at::Tensor Normal(const std::string& name, int64_t rows, int64_t columns) const;

  const uint64_t seed_;
  const double deviation_;
  ParameterSet* const parameters_;
};

}  // namespace senvec
