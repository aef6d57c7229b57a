#include "index/alias_file.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr char kFileName[] = "ALIASES.json";

}  // namespace

std::string SerializeAliases(const AliasMap& aliases) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [alias, collection] : aliases) json[alias] = collection;
  return absl::StrCat(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace), "\n");
}

absl::StatusOr<AliasMap> ParseAliases(absl::string_view text, absl::string_view where) {
  const auto damaged = [&](absl::string_view fault) {
    return absl::DataLossError(absl::StrCat(where, " is damaged: ", fault,
                                            "; write it anew: an object from alias to collection"));
  };
  const absl::StatusOr<nlohmann::json> json = ParseJson(text, where);
  if (!json.ok()) return damaged(json.status().message());
  if (!json->is_object()) return damaged("it is no JSON object");
  AliasMap aliases;
  for (const auto& [alias, collection] : json->items()) {
    if (!collection.is_string()) return damaged(absl::StrCat(DumpJson(alias), " is no string"));
    aliases[alias] = collection.get<std::string>();
  }
  return aliases;
}

absl::StatusOr<AliasMap> ReadAliases(const std::string& directory) {
  const std::string path = JoinPath(directory, kFileName);
  if (!FileExists(path)) return AliasMap();
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseAliases(text, path);
}

absl::Status WriteAliases(const std::string& directory, const AliasMap& aliases) {
  return WriteFileAtomically(JoinPath(directory, kFileName), SerializeAliases(aliases));
}

}  // namespace senvec
