#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// Names that stand for collections, by alias: ALIASES.json in the folder of collections.
using AliasMap = std::map<std::string, std::string, std::less<>>;

std::string SerializeAliases(const AliasMap& aliases);
// DataLoss names `where` and the fault.
absl::StatusOr<AliasMap> ParseAliases(absl::string_view text, absl::string_view where);

// Empty when there is no file.
absl::StatusOr<AliasMap> ReadAliases(const std::string& directory);
// Atomically, and on disk when it returns.
absl::Status WriteAliases(const std::string& directory, const AliasMap& aliases);

}  // namespace senvec
