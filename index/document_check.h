#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "index/collection.h"

namespace senvec {

constexpr size_t kMaxIdBytes = 512;  // of ids and groups

// A document made ready to be written.
struct PreparedDocument {
  std::string id;
  std::string record;                     // SerializeRecord()
  std::vector<std::string> posting_keys;  // under which its metadata is found
};

struct PreparedDocuments {
  std::vector<PreparedDocument> documents;
  std::vector<float> rows;  // n × dim, as they are stored: of length 1 for cosine
};

// InvalidArgument names the document's position, id and fault.
absl::StatusOr<PreparedDocuments> PrepareDocuments(absl::Span<const Document> documents,
                                                   const VectorIndexOptions& index);

}  // namespace senvec
