#include "encoder/tokenizer/post_template.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

using Item = PostTemplate::Item;
using SpecialIds = std::map<std::string, std::vector<int32_t>>;

Item Text(int sequence, int32_t type_id) { return {.sequence = sequence, .ids = {}, .type_id = type_id}; }
Item Special(int32_t id, int32_t type_id) { return {.sequence = -1, .ids = {id}, .type_id = type_id}; }

absl::Status Fault(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": post_processor: ", what));
}

absl::StatusOr<int32_t> IdOf(const nlohmann::json& value, absl::string_view where) {
  constexpr int64_t kMaxId = 1 << 24;
  if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > kMaxId) {
    return Fault(where, absl::StrCat(value.dump(), " is no token id"));
  }
  return value.get<int32_t>();
}

absl::StatusOr<SpecialIds> ParseSpecialIds(const nlohmann::json& json, absl::string_view where) {
  SpecialIds special;
  const auto object = json.find("special_tokens");
  if (object == json.end() || !object->is_object()) return Fault(where, "there are no \"special_tokens\"");
  for (const auto& [name, entry] : object->items()) {
    if (!entry.is_object() || !entry.contains("ids") || !entry["ids"].is_array()) {
      return Fault(where, absl::StrCat("special token \"", name, "\" has no list \"ids\""));
    }
    for (const nlohmann::json& value : entry["ids"]) {
      SENVEC_ASSIGN_OR_RETURN(const int32_t id, IdOf(value, where));
      special[name].push_back(id);
    }
  }
  return special;
}

absl::StatusOr<Item> ParseItem(const nlohmann::json& json, const SpecialIds& special, absl::string_view where) {
  if (!json.is_object() || json.size() != 1) return Fault(where, "a template's item is no object of one key");
  const std::string kind = json.begin().key();
  const nlohmann::json& value = json.begin().value();
  SENVEC_ASSIGN_OR_RETURN(const std::string id, JsonString(value, "id", where));
  SENVEC_ASSIGN_OR_RETURN(const int64_t type_id, JsonIntOr(value, "type_id", 0, where));
  if (type_id < 0 || type_id > 65535) return Fault(where, absl::StrCat("type_id is ", type_id));
  if (kind == "Sequence" && (id == "A" || id == "B")) return Text(id == "B", static_cast<int32_t>(type_id));
  const auto found = special.find(id);
  if (kind != "SpecialToken" || found == special.end()) {
    return Fault(where, absl::StrCat("a template's item ", kind, " \"", id, "\" is unknown"));
  }
  return Item{.sequence = -1, .ids = found->second, .type_id = static_cast<int32_t>(type_id)};
}

absl::StatusOr<std::vector<Item>> ParseItems(const nlohmann::json& json, const char* key, int num_texts,
                                             const SpecialIds& special, absl::string_view where) {
  const auto list = json.find(key);
  if (list == json.end() || !list->is_array()) return Fault(where, absl::StrCat("there is no list \"", key, "\""));
  std::vector<Item> items;
  int seen[2] = {0, 0};
  for (const nlohmann::json& entry : *list) {
    SENVEC_ASSIGN_OR_RETURN(Item item, ParseItem(entry, special, where));
    if (item.sequence >= 0) ++seen[item.sequence];
    items.push_back(std::move(item));
  }
  if (seen[0] != 1 || seen[1] != num_texts - 1) {
    return Fault(where, absl::StrCat("\"", key, "\" must have each of its texts once"));
  }
  return items;
}

// BertProcessing and RobertaProcessing: "sep" and "cls" are pairs of token and id.
absl::StatusOr<int32_t> TokenPairId(const nlohmann::json& json, const char* key, absl::string_view where) {
  const auto pair = json.find(key);
  if (pair == json.end() || !pair->is_array() || pair->size() != 2) {
    return Fault(where, absl::StrCat("\"", key, "\" is no pair of token and id"));
  }
  return IdOf((*pair)[1], where);
}

}  // namespace

int32_t PostTemplate::NumSpecial(const std::vector<Item>& items) {
  size_t count = 0;
  for (const Item& item : items) count += item.ids.size();
  return static_cast<int32_t>(count);
}

PostTemplate BertTemplate(int32_t cls, int32_t sep) {
  return {.single = {Special(cls, 0), Text(0, 0), Special(sep, 0)},
          .pair = {Special(cls, 0), Text(0, 0), Special(sep, 0), Text(1, 1), Special(sep, 1)}};
}

absl::StatusOr<PostTemplate> ParsePostTemplate(const nlohmann::json& json, absl::string_view where) {
  if (json.is_null()) return PostTemplate{.single = {Text(0, 0)}, .pair = {Text(0, 0), Text(1, 1)}};
  SENVEC_ASSIGN_OR_RETURN(const std::string type, JsonString(json, "type", absl::StrCat(where, ": post_processor")));
  if (type == "TemplateProcessing") {
    PostTemplate result;
    SENVEC_ASSIGN_OR_RETURN(const SpecialIds special, ParseSpecialIds(json, where));
    SENVEC_ASSIGN_OR_RETURN(result.single, ParseItems(json, "single", 1, special, where));
    SENVEC_ASSIGN_OR_RETURN(result.pair, ParseItems(json, "pair", 2, special, where));
    return result;
  }
  if (type != "BertProcessing" && type != "RobertaProcessing") {
    return absl::UnimplementedError(
        absl::StrCat(where, ": post_processor \"", type,
                     "\" is not served; served are TemplateProcessing, BertProcessing, RobertaProcessing"));
  }
  SENVEC_ASSIGN_OR_RETURN(const int32_t sep, TokenPairId(json, "sep", where));
  SENVEC_ASSIGN_OR_RETURN(const int32_t cls, TokenPairId(json, "cls", where));
  if (type == "BertProcessing") return BertTemplate(cls, sep);
  return PostTemplate{.single = {Special(cls, 0), Text(0, 0), Special(sep, 0)},
                      .pair = {Special(cls, 0), Text(0, 0), Special(sep, 0), Special(sep, 0), Text(1, 0),
                               Special(sep, 0)}};
}

}  // namespace senvec
