#include "encoder/torch/parameter_set.h"

#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "base/check.h"

namespace senvec {

const at::Tensor& ParameterSet::Add(std::string name, at::Tensor value) {
  SENVEC_CHECK(!Has(name));
  at::Tensor leaf = value.detach().contiguous();
  leaf.set_requires_grad(true);
  items_.push_back({std::move(name), std::move(leaf)});
  return items_.back().value;
}

const ParameterSet::Item* ParameterSet::Find(absl::string_view name) const {
  for (const Item& item : items_) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

const at::Tensor& ParameterSet::Get(absl::string_view name) const {
  const Item* item = Find(name);
  SENVEC_CHECK(item != nullptr);
  return item->value;
}

int64_t ParameterSet::NumElements() const {
  int64_t count = 0;
  for (const Item& item : items_) count += item.value.numel();
  return count;
}

void ParameterSet::ZeroGradients() {
  for (Item& item : items_) item.value.mutable_grad().reset();
}

void ParameterSet::To(at::ScalarType type) {
  for (Item& item : items_) item.value = item.value.detach().to(type).set_requires_grad(true);
}

void ParameterSet::PlaceForInference(at::Device device, at::ScalarType block_type) {
  for (Item& item : items_) {
    const bool is_block_matrix = absl::StartsWith(item.name, "encoder.layer.") && item.value.dim() == 2;
    item.value = item.value.detach().to(device, is_block_matrix ? block_type : item.value.scalar_type());
  }
}

}  // namespace senvec
