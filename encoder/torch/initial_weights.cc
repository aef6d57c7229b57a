#include "encoder/torch/initial_weights.h"

#include <cmath>

#include <ATen/ATen.h>

#include "base/hash.h"
#include "encoder/torch/dropout_hash.h"

namespace senvec {
namespace {

// In (0, 1].
double Uniform(uint64_t bits) { return (static_cast<double>(bits >> 11) + 1) * 0x1p-53; }

}  // namespace

at::Tensor InitialWeights::Normal(const std::string& name, int64_t rows, int64_t columns) const {
  at::Tensor tensor = at::empty({rows, columns}, at::kFloat);
  float* values = tensor.data_ptr<float>();
  const uint64_t stream = DropoutHash::Site(seed_, Checksum64(name));
  uint64_t drawn = 0;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    double normal = 3;
    while (std::abs(normal) > 2) {  // Box and Muller's
      const double radius = std::sqrt(-2 * std::log(Uniform(DropoutHash::Site(stream, drawn))));
      normal = radius * std::cos(2 * M_PI * Uniform(DropoutHash::Site(stream, drawn + 1)));
      drawn += 2;
    }
    values[i] = static_cast<float>(normal * deviation_);
  }
  return tensor;
}

void InitialWeights::Table(const std::string& name, int64_t rows, int64_t columns) {
  parameters_->Add(name, Normal(name, rows, columns));
}

void InitialWeights::Linear(const std::string& name, const std::vector<int64_t>& outs, int64_t in,
                            const std::vector<double>& gains) {
  int64_t rows = 0;
  for (int64_t out : outs) rows += out;
  at::Tensor weight = Normal(name + ".weight", rows, in);
  int64_t begin = 0;
  for (size_t part = 0; part < outs.size(); ++part) {
    if (part < gains.size()) weight.narrow(0, begin, outs[part]).mul_(gains[part]);
    begin += outs[part];
  }
  parameters_->Add(name + ".weight", weight);
  parameters_->Add(name + ".bias", at::zeros({rows}, at::kFloat));
}

void InitialWeights::Norm(const std::string& name, int64_t width) {
  parameters_->Add(name + ".weight", at::ones({width}, at::kFloat));
  parameters_->Add(name + ".bias", at::zeros({width}, at::kFloat));
}

}  // namespace senvec
