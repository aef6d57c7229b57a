#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace senvec {

// Becomes a program that stands beside this one, "senvec-train" or "senvec-serve": libtorch and the hundred libraries behind
// it are loaded by who trains or serves on a GPU, and by nobody else. Returns only when that fails: Unimplemented when this
// installation has no such program.
absl::Status ExecTorchProgram(const std::string& name, const std::vector<std::string>& arguments);

}  // namespace senvec
