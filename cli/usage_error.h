#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace senvec {

// An InvalidArgument status that says the command line (or an environment variable) is wrong, rather than the work
// it asked for: the program ends with 2 instead of 1.
absl::Status UsageError(absl::string_view message);
// The same error as a usage error; OK stays OK.
absl::Status AsUsageError(const absl::Status& status);
bool IsUsageError(const absl::Status& status);

}  // namespace senvec
