#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// A document without its vector, which the vector index keeps under `row_id`.
struct StoredDocument {
  int64_t row_id = 0;
  std::string text;
  std::string metadata_json;
};
using DocumentMap = std::map<std::string, StoredDocument, std::less<>>;

// The documents of a collection as bytes (docs/formats.md), and back. DataLoss names `where` and the fault.
std::string SerializeDocuments(const DocumentMap& documents);
absl::StatusOr<DocumentMap> ParseDocuments(absl::string_view bytes, absl::string_view where);

}  // namespace senvec
