#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bulk/bulk_record.h"

namespace senvec {

// How far a build is: written into the collection in the same atomic step as the documents themselves.
struct BuildState {
  static constexpr char kNote[] = "bulk_build";

  // What the build was told that changes its outcome, by flag: "--kind" → "hnsw". A build is taken up with the same only.
  std::map<std::string, std::string> settings;
  BulkPosition position;
  int64_t num_rejects = 0;
  int64_t reject_bytes = 0;  // of the file of rejected lines
  int64_t num_tokens = 0;
  int64_t num_truncated = 0;

  std::string ToJson() const;
  // DataLoss, saying what is wrong.
  static absl::StatusOr<BuildState> FromJson(absl::string_view json);

  // FailedPrecondition that names what is different from `now`, flag by flag, and what to do.
  absl::Status CheckSettings(const std::map<std::string, std::string>& now, absl::string_view where) const;
};

}  // namespace senvec
