#include "index/filter/metadata.h"

#include <string>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/filter/posting_key.h"
#include "index/filter/utf8.h"

namespace senvec {
namespace {

constexpr size_t kBytesOfNameInErrors = 80;

// Walks through a document's metadata and collects its keys.
class KeyCollector {
 public:
  absl::Status AddMembers(const nlohmann::json& object, size_t depth) {
    for (const auto& [name, value] : object.items()) {
      path_.push_back(name);
      SENVEC_RETURN_IF_ERROR(AddField(value, depth));
      path_.pop_back();
    }
    return absl::OkStatus();
  }

  std::vector<std::string> Take() const { return {keys_.begin(), keys_.end()}; }

 private:
  absl::Status Refuse(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata: field ", Shortened(FieldPathToString(path_), kBytesOfNameInErrors), " ", what));
  }

  absl::Status AddField(const nlohmann::json& json, size_t depth) {
    if (json.is_structured() && depth >= kMaxMetadataDepth) {
      return Refuse(absl::StrCat("nests deeper than ", kMaxMetadataDepth, " objects and arrays"));
    }
    if (json.is_object()) return AddMembers(json, depth + 1);
    if (json.is_array()) {
      for (const nlohmann::json& element : json) {
        SENVEC_RETURN_IF_ERROR(AddField(element, depth + 1));
      }
      return absl::OkStatus();
    }
    const std::optional<FilterValue> value = ToFilterValue(json);
    return value.has_value() ? AddValue(*value) : absl::OkStatus();
  }

  absl::Status AddValue(const FilterValue& value) {
    if (ExistsKey(path_).size() > kMaxFieldPathBytes) {
      return Refuse(absl::StrCat("has a name of more than ", kMaxFieldPathBytes, " bytes"));
    }
    keys_.insert(ValueKey(path_, value));
    // With it exist all the objects that it is in. Where one is known to exist, so are those around
    // it.
    for (FieldPath path = path_; !path.empty(); path.pop_back()) {
      if (!keys_.insert(ExistsKey(path)).second) break;
    }
    if (keys_.size() > kMaxPostingKeys) {
      return Refuse(absl::StrCat("is one too many: a document may have ", kMaxPostingKeys,
                                 " different fields and values that filters can find"));
    }
    return absl::OkStatus();
  }

  FieldPath path_;
  absl::btree_set<std::string> keys_;
};

}  // namespace

absl::StatusOr<nlohmann::json> ParseMetadata(absl::string_view metadata_json) {
  if (metadata_json.empty()) return nlohmann::json::object();
  SENVEC_ASSIGN_OR_RETURN(nlohmann::json json, ParseJson(metadata_json, "metadata"));
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata: must be a JSON object, got ", json.type_name()));
  }
  return json;
}

std::optional<FilterValue> ToFilterValue(const nlohmann::json& json) {
  switch (json.type()) {
    case nlohmann::json::value_t::boolean: return FilterValue::Bool(json.get<bool>());
    case nlohmann::json::value_t::number_integer: return FilterValue::Int(json.get<int64_t>());
    case nlohmann::json::value_t::number_unsigned:
      return FilterValue::Unsigned(json.get<uint64_t>());
    case nlohmann::json::value_t::number_float: return FilterValue::Double(json.get<double>());
    case nlohmann::json::value_t::string:
      return FilterValue::String(json.get_ref<const std::string&>());
    default: return std::nullopt;
  }
}

absl::StatusOr<std::vector<std::string>> PostingKeys(absl::string_view metadata_json) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseMetadata(metadata_json));
  KeyCollector collector;
  SENVEC_RETURN_IF_ERROR(collector.AddMembers(json, 1));
  return collector.Take();
}

}  // namespace senvec
