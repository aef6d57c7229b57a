#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/strings/string_view.h"

namespace senvec {

// The trainable tensors of a model by name, in the order in which they were added. All fp32 (or fp64 in
// tests) and contiguous, and leaves of autograd. A tensor's storage never changes, so that optimiser and
// model may hold on to it.
class ParameterSet {
 public:
  struct Item {
    std::string name;
    at::Tensor value;
  };

  // `name` must be new.
  const at::Tensor& Add(std::string name, at::Tensor value);
  // `name` must be there.
  const at::Tensor& Get(absl::string_view name) const;
  bool Has(absl::string_view name) const { return Find(name) != nullptr; }

  const std::vector<Item>& items() const { return items_; }
  int64_t NumElements() const;
  // Forgets all gradients.
  void ZeroGradients();
  void To(at::ScalarType type);
  // Without gradients, on `device`; the blocks' matrices as the type that blocks compute in.
  void PlaceForInference(at::Device device, at::ScalarType block_type);

 private:
  const Item* Find(absl::string_view name) const;

  std::vector<Item> items_;
};

}  // namespace senvec
