#include "bulk/build_state.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kVersion = 1;

absl::StatusOr<BuildState> Parse(absl::string_view text) {
  constexpr absl::string_view kWhere = "the note of the unfinished build";
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, kWhere));
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(kWhere, " is no JSON object"));
  SENVEC_ASSIGN_OR_RETURN(const int64_t version, JsonInt(json, "version", kWhere));
  if (version != kVersion) return absl::InvalidArgumentError(absl::StrCat(kWhere, " has version ", version, "; this program knows ", kVersion));
  BuildState state;
  const auto count = [&](const char* key, int64_t& target) -> absl::Status {
    SENVEC_ASSIGN_OR_RETURN(target, JsonInt(json, key, kWhere));
    return target >= 0 ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat(kWhere, ": \"", key, "\" is ", target));
  };
  SENVEC_RETURN_IF_ERROR(count("records", state.position.records));
  SENVEC_RETURN_IF_ERROR(count("bytes", state.position.bytes));
  SENVEC_RETURN_IF_ERROR(count("rejects", state.num_rejects));
  SENVEC_RETURN_IF_ERROR(count("reject_bytes", state.reject_bytes));
  SENVEC_RETURN_IF_ERROR(count("tokens", state.num_tokens));
  SENVEC_RETURN_IF_ERROR(count("truncated", state.num_truncated));
  SENVEC_ASSIGN_OR_RETURN(state.position.checksum, JsonString(json, "checksum", kWhere));
  const auto settings = json.find("settings");
  if (settings == json.end() || !settings->is_object()) return absl::InvalidArgumentError(absl::StrCat(kWhere, ": \"settings\" is no object"));
  for (const auto& [flag, value] : settings->items()) {
    if (!value.is_string()) return absl::InvalidArgumentError(absl::StrCat(kWhere, ": setting ", flag, " is no string"));
    state.settings[flag] = value.get<std::string>();
  }
  return state;
}

std::string Shown(const std::map<std::string, std::string>& settings, const std::string& flag) {
  const auto found = settings.find(flag);
  return found == settings.end() || found->second.empty() ? "not given" : found->second;
}

}  // namespace

std::string BuildState::ToJson() const {
  return DumpJson({{"version", kVersion},
                   {"settings", settings},
                   {"records", position.records},
                   {"bytes", position.bytes},
                   {"checksum", position.checksum},
                   {"rejects", num_rejects},
                   {"reject_bytes", reject_bytes},
                   {"tokens", num_tokens},
                   {"truncated", num_truncated}});
}

absl::StatusOr<BuildState> BuildState::FromJson(absl::string_view json) {
  absl::StatusOr<BuildState> state = Parse(json);
  if (!state.ok()) return absl::DataLossError(state.status().message());
  return state;
}

absl::Status BuildState::CheckSettings(const std::map<std::string, std::string>& now, absl::string_view where) const {
  std::map<std::string, std::string> all = settings;
  all.insert(now.begin(), now.end());
  std::vector<std::string> differences;
  for (const auto& [flag, ignored] : all) {
    const std::string before = Shown(settings, flag), after = Shown(now, flag);
    if (before != after) differences.push_back(absl::StrCat(flag, " was ", before, " and is ", after));
  }
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "there is an unfinished build at ", where, " that was told otherwise: ", absl::StrJoin(differences, "; "),
      ". Say the same to go on with it, or --restart to throw it away and begin anew"));
}

}  // namespace senvec
