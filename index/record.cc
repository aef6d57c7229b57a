#include "index/record.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

constexpr char kVersion = 1;

void AppendLength(std::string& out, size_t length) {
  for (; length >= 0x80; length >>= 7) out.push_back(static_cast<char>(length | 0x80));
  out.push_back(static_cast<char>(length));
}

// Takes a length (7 bits a byte, least first) and that many bytes off the front.
std::optional<absl::string_view> TakeField(absl::string_view& bytes) {
  uint64_t length = 0;
  for (int shift = 0;; shift += 7) {
    if (bytes.empty() || shift > 35) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    length |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length > bytes.size()) return std::nullopt;
  const absl::string_view field = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return field;
}

}  // namespace

std::string SerializeRecord(const Record& record) {
  std::string out(1, kVersion);
  out.reserve(record.id.size() + record.group.size() + record.text.size() + record.metadata_json.size() + 16);
  for (const std::string* field : {&record.id, &record.group, &record.text, &record.metadata_json}) {
    AppendLength(out, field->size());
    out.append(*field);
  }
  return out;
}

absl::StatusOr<Record> ParseRecord(absl::string_view bytes, absl::string_view where) {
  Record record;
  bool good = !bytes.empty() && bytes[0] == kVersion;
  if (good) bytes.remove_prefix(1);
  for (std::string* field : {&record.id, &record.group, &record.text, &record.metadata_json}) {
    const std::optional<absl::string_view> found = good ? TakeField(bytes) : std::nullopt;
    good = found.has_value();
    if (good) field->assign(found->data(), found->size());
  }
  if (good && bytes.empty() && !record.id.empty()) return record;
  return absl::DataLossError(absl::StrCat(where, " is no document; restore the collection from a snapshot"));
}

absl::string_view RecordId(absl::string_view bytes) {
  if (bytes.empty() || bytes[0] != kVersion) return {};
  bytes.remove_prefix(1);
  return TakeField(bytes).value_or(absl::string_view());
}

}  // namespace senvec
