#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/vector/mutable_index.h"

namespace senvec {

// One vector index in a file: our header, then what the kind of index wrote (docs/formats.md). Length and checksums
// are verified before anyone looks at the payload.
struct IndexFile {
  VectorIndexOptions options;
  int64_t num_rows = 0;
  std::string payload;
};

// Written atomically.
absl::Status WriteIndexFile(const std::string& path, const IndexFile& file);

// NotFound; DataLoss with path and fault; FailedPrecondition for a newer version.
absl::StatusOr<IndexFile> ReadIndexFile(const std::string& path);
// The same from bytes; `where` names them.
absl::StatusOr<IndexFile> ParseIndexFile(absl::string_view bytes, absl::string_view where);

}  // namespace senvec
