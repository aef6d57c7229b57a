#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// "cpu", "cuda" (= cuda:0) or "cuda:N", N in [0, 127]; InvalidArgument for anything else. Whether there is such a GPU is
// another question.
struct DeviceName {
  bool is_cuda = false;
  int32_t index = 0;  // of the GPU
  static absl::StatusOr<DeviceName> Parse(absl::string_view name);
};

}  // namespace senvec
