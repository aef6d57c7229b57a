#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace senvec {

// Becomes the program senvec-train, which stands beside this one: libtorch and the hundred libraries behind it are loaded by
// who trains and by nobody else. Returns only when that fails: Unimplemented when this installation has no such program.
absl::Status ExecTrainer(const std::vector<std::string>& arguments);

}  // namespace senvec
