#include "scoring/scoring_file.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kFormat = 1;
constexpr const char* kKeys[] = {"format",      "scale",       "margin",    "background",        "accept_probability",
                                 "ambiguity",   "group_score", "candidates", "precision",        "model_fingerprint",
                                 "whitening_fingerprint", "measured", "checksum"};

// The checksum is over the file without its own entry.
std::string ChecksumOf(const nlohmann::json& json) { return absl::StrFormat("%016x", Checksum64(DumpJson(json))); }

absl::Status CheckKeys(const nlohmann::json& json, absl::string_view where) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": expected a JSON object, got ", json.type_name()));
  }
  for (const auto& [key, value] : json.items()) {
    bool known = false;
    for (const char* name : kKeys) known = known || key == name;
    if (!known) return absl::InvalidArgumentError(absl::StrCat(where, ": unknown key \"", key, "\""));
  }
  return absl::OkStatus();
}

absl::Status ParseMeasured(const nlohmann::json& json, absl::string_view where, ScoringFile& file) {
  const auto measured = json.find("measured");
  if (measured == json.end() || measured->is_null()) return absl::OkStatus();
  if (!measured->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": \"measured\" must be an object, got ", measured->type_name()));
  }
  for (const auto& [key, value] : measured->items()) {
    SENVEC_ASSIGN_OR_RETURN(file.measured[key], JsonDouble(*measured, key, absl::StrCat(where, ": \"measured\"")));
  }
  return absl::OkStatus();
}

absl::StatusOr<ScoringFile> ParseFields(const nlohmann::json& json, absl::string_view where) {
  ScoringFile file;
  SENVEC_ASSIGN_OR_RETURN(file.options.scale, JsonDouble(json, "scale", where));
  SENVEC_ASSIGN_OR_RETURN(file.options.margin, JsonDouble(json, "margin", where));
  if (json.contains("background") && !json["background"].is_null()) {
    SENVEC_ASSIGN_OR_RETURN(file.options.background, JsonDouble(json, "background", where));
  }
  SENVEC_ASSIGN_OR_RETURN(file.options.accept_probability, JsonDouble(json, "accept_probability", where));
  SENVEC_ASSIGN_OR_RETURN(file.options.ambiguity, JsonDouble(json, "ambiguity", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string group_score, JsonString(json, "group_score", where));
  const absl::StatusOr<GroupScore> parsed = ParseGroupScore(group_score);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat(where, ": ", parsed.status().message()));
  file.group_score = *parsed;
  SENVEC_ASSIGN_OR_RETURN(const int64_t candidates, JsonInt(json, "candidates", where));
  file.candidates = candidates < 1 || candidates > 10000 ? 0 : static_cast<int32_t>(candidates);
  SENVEC_ASSIGN_OR_RETURN(file.precision, JsonDouble(json, "precision", where));
  SENVEC_ASSIGN_OR_RETURN(file.model_fingerprint, JsonStringOr(json, "model_fingerprint", "", where));
  SENVEC_ASSIGN_OR_RETURN(file.whitening_fingerprint, JsonStringOr(json, "whitening_fingerprint", "", where));
  SENVEC_RETURN_IF_ERROR(ParseMeasured(json, where, file));
  if (absl::Status valid = file.Validate(); !valid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": ", valid.message()));
  }
  return file;
}

}  // namespace

absl::string_view GroupScoreName(GroupScore score) { return score == GroupScore::kMax ? "max" : "prototype"; }

absl::StatusOr<GroupScore> ParseGroupScore(absl::string_view name) {
  for (const GroupScore score : {GroupScore::kMax, GroupScore::kPrototype}) {
    if (name == GroupScoreName(score)) return score;
  }
  return absl::InvalidArgumentError(absl::StrCat("\"group_score\" must be max or prototype, got \"", name, "\""));
}

absl::Status ScoringFile::Validate() const {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (candidates < 1 || candidates > 10000) {
    return absl::InvalidArgumentError("\"candidates\" must be in [1, 10000]");
  }
  if (!(precision >= 0 && precision <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("\"precision\" must be in [0, 1], got ", precision));
  }
  for (const auto& [name, value] : measured) {
    if (!std::isfinite(value)) return absl::InvalidArgumentError(absl::StrCat("measured \"", name, "\" is ", value));
  }
  return absl::OkStatus();
}

std::string SerializeScoring(const ScoringFile& file) {
  nlohmann::json json = {{"format", kFormat},
                         {"scale", file.options.scale},
                         {"margin", file.options.margin},
                         {"accept_probability", file.options.accept_probability},
                         {"ambiguity", file.options.ambiguity},
                         {"group_score", std::string(GroupScoreName(file.group_score))},
                         {"candidates", file.candidates},
                         {"precision", file.precision},
                         {"model_fingerprint", file.model_fingerprint},
                         {"whitening_fingerprint", file.whitening_fingerprint},
                         {"measured", file.measured}};
  if (file.options.background.has_value()) json["background"] = *file.options.background;
  json["checksum"] = ChecksumOf(json);
  return absl::StrCat(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace), "\n");
}

absl::StatusOr<ScoringFile> ParseScoring(absl::string_view text, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(nlohmann::json json, ParseJson(text, where));
  if (!json.is_object()) return CheckKeys(json, where);
  SENVEC_ASSIGN_OR_RETURN(const int64_t format, JsonInt(json, "format", where));
  if (format != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(where, ": \"format\" is ", format, ", this program reads ", kFormat,
                                                      "; make the file again with `senvec eval calibrate`"));
  }
  SENVEC_RETURN_IF_ERROR(CheckKeys(json, where));
  SENVEC_ASSIGN_OR_RETURN(const std::string checksum, JsonString(json, "checksum", where));
  json.erase("checksum");
  if (checksum != ChecksumOf(json)) {
    return absl::DataLossError(absl::StrCat(where, ": \"checksum\" does not fit the content: the file was damaged or edited; "
                                            "make it again with `senvec eval calibrate`"));
  }
  return ParseFields(json, where);
}

absl::Status SaveScoring(const ScoringFile& file, const std::string& path) {
  SENVEC_RETURN_IF_ERROR(file.Validate());
  return WriteFileAtomically(path, SerializeScoring(file));
}

absl::StatusOr<ScoringFile> LoadScoring(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseScoring(text, path);
}

}  // namespace senvec
