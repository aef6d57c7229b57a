#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/run.h"

namespace senvec {

// Writes report.json, report.md, report.html and items.json into a folder that exists; each appears whole.
absl::Status WriteReport(const RunReport& run, const std::string& folder);

// Reads report.json and items.json. InvalidArgument names file and fault; FailedPrecondition a schema of
// another version.
absl::StatusOr<RunReport> ReadReport(const std::string& folder);

}  // namespace senvec
