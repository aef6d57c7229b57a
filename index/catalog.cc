#include "index/catalog.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

absl::StatusOr<int64_t> Number(const nlohmann::json& json, const char* key, int64_t high, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const int64_t value, JsonInt(json, key, where));
  if (value >= 0 && value <= high) return value;
  return absl::InvalidArgumentError(absl::StrCat(key, " is ", value, ", not in [0, ", high, "]"));
}

absl::StatusOr<nlohmann::json> Object(absl::string_view bytes, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(nlohmann::json json, ParseJson(bytes, where));
  if (!json.is_object()) return absl::InvalidArgumentError("it is no JSON object");
  return json;
}

absl::StatusOr<CollectionState> StateFields(absl::string_view bytes, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, Object(bytes, where));
  CollectionState state;
  SENVEC_ASSIGN_OR_RETURN(state.uuid, JsonString(json, "uuid", where));
  SENVEC_ASSIGN_OR_RETURN(state.next_row, Number(json, "next_row", kMaxRows, where));
  SENVEC_ASSIGN_OR_RETURN(state.num_documents, Number(json, "num_documents", state.next_row, where));
  return state;
}

absl::StatusOr<SegmentEntry> SegmentFields(const nlohmann::json& json, absl::string_view where) {
  if (!json.is_object()) return absl::InvalidArgumentError("a segment is no JSON object");
  SegmentEntry entry;
  SENVEC_ASSIGN_OR_RETURN(entry.file, JsonString(json, "file", where));
  SENVEC_ASSIGN_OR_RETURN(entry.num_rows, Number(json, "num_rows", kMaxRows, where));
  SENVEC_ASSIGN_OR_RETURN(entry.bytes, Number(json, "bytes", int64_t{1} << 62, where));
  SENVEC_ASSIGN_OR_RETURN(const std::string checksum, JsonString(json, "head_xxh3", where));
  const bool good_name = !entry.file.empty() && entry.file[0] != '.' && !absl::StrContains(entry.file, "/");
  if (!good_name || !absl::SimpleHexAtoi(checksum, &entry.head_checksum)) {
    return absl::InvalidArgumentError("a segment has no usable name or checksum");
  }
  return entry;
}

absl::StatusOr<SegmentList> ListFields(absl::string_view bytes, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, Object(bytes, where));
  SegmentList list;
  SENVEC_ASSIGN_OR_RETURN(list.next_file, Number(json, "next_file", int64_t{1} << 62, where));
  SENVEC_ASSIGN_OR_RETURN(list.indexed_end, Number(json, "indexed_end", kMaxRows, where));
  const auto segments = json.find("segments");
  if (segments == json.end() || !segments->is_array()) {
    return absl::InvalidArgumentError("\"segments\" is missing");
  }
  for (const nlohmann::json& segment : *segments) {
    SENVEC_ASSIGN_OR_RETURN(list.segments.emplace_back(), SegmentFields(segment, where));
  }
  return list;
}

template <typename T>
absl::StatusOr<T> OrDamaged(absl::StatusOr<T> result, absl::string_view where) {
  if (result.ok()) return result;
  return absl::DataLossError(
      absl::StrCat(where, " is damaged: ", result.status().message(), "; restore the collection from a snapshot"));
}

}  // namespace

std::string SerializeState(const CollectionState& state) {
  return DumpJson({{"uuid", state.uuid}, {"next_row", state.next_row}, {"num_documents", state.num_documents}});
}

std::string SerializeSegments(const SegmentList& list) {
  nlohmann::json segments = nlohmann::json::array();
  for (const SegmentEntry& entry : list.segments) {
    segments.push_back({{"file", entry.file},
                        {"num_rows", entry.num_rows},
                        {"bytes", entry.bytes},
                        {"head_xxh3", absl::StrFormat("%016x", entry.head_checksum)}});
  }
  return DumpJson({{"next_file", list.next_file}, {"indexed_end", list.indexed_end}, {"segments", std::move(segments)}});
}

absl::StatusOr<CollectionState> ParseState(absl::string_view bytes, absl::string_view where) {
  return OrDamaged(StateFields(bytes, where), where);
}

absl::StatusOr<SegmentList> ParseSegments(absl::string_view bytes, absl::string_view where) {
  return OrDamaged(ListFields(bytes, where), where);
}

}  // namespace senvec
