#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// The line on which each value of a JSON text begins, by path: "" for the whole, "tasks[0].loss". `json` must have been
// parsed already, at most 64 levels deep. InvalidArgument names `where`, line and key where an object has a key twice,
// which parsers pass over.
absl::StatusOr<std::map<std::string, int64_t>> JsonValueLines(absl::string_view json, absl::string_view where);

}  // namespace senvec
