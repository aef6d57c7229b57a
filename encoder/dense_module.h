#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "encoder/layers/layer_workspace.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

namespace senvec {

// The "Dense" module of a sentence-transformers directory: a linear layer on the pooled vector, with an activation.
// Immutable, safe for concurrent use.
class DenseModule {
 public:
  // Reads FOLDER/config.json (in_features, out_features, bias, activation_function) and FOLDER/model.safetensors
  // (linear.weight, linear.bias). InvalidArgument names the file and what does not fit.
  static absl::StatusOr<DenseModule> Load(const std::string& folder, const Kernels& kernels);

  int64_t in() const { return matrix_.in(); }
  int64_t out() const { return matrix_.out(); }
  // x: rows × in, y: rows × out; fp32. Uses workspace.first.
  void Forward(const float* x, int64_t rows, LayerWorkspace& workspace, float* y) const;

 private:
  DenseModule(PackedMatrix matrix, ActivationFunction activation)
      : matrix_(std::move(matrix)), activation_(activation) {}

  PackedMatrix matrix_;
  ActivationFunction activation_;
};

}  // namespace senvec
