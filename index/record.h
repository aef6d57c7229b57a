#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// A document without its vector, as kept under its row number (docs/formats.md).
struct Record {
  std::string id;
  std::string group;
  std::string text;
  std::string metadata_json;
  friend bool operator==(const Record&, const Record&) = default;
};

std::string SerializeRecord(const Record& record);
// DataLoss when the bytes are no record; `where` names them.
absl::StatusOr<Record> ParseRecord(absl::string_view bytes, absl::string_view where);
// The id alone, without copying the rest; empty when the bytes are no record.
absl::string_view RecordId(absl::string_view bytes);

}  // namespace senvec
