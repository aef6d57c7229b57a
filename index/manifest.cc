#include "index/manifest.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kFormat = 1;

nlohmann::json FileJson(const ManifestFile& file) {
  return {{"name", file.name}, {"bytes", file.bytes}, {"xxh3", absl::StrFormat("%016x", file.checksum)}};
}

absl::StatusOr<ManifestFile> ParseFile(const nlohmann::json& json, const char* key, absl::string_view where) {
  const auto object = json.find(key);
  if (object == json.end() || !object->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is missing"));
  }
  ManifestFile file;
  SENVEC_ASSIGN_OR_RETURN(file.name, JsonString(*object, "name", where));
  SENVEC_ASSIGN_OR_RETURN(const int64_t bytes, JsonInt(*object, "bytes", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string checksum, JsonString(*object, "xxh3", where));
  file.bytes = static_cast<uint64_t>(bytes);
  if (file.name.empty() || absl::StrContains(file.name, "/") || !absl::SimpleHexAtoi(checksum, &file.checksum)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" has no usable name or checksum"));
  }
  return file;
}

absl::StatusOr<int32_t> SmallInt(const nlohmann::json& json, const char* key, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const int64_t value, JsonInt(json, key, where));
  if (value < 0 || value > (1 << 30)) return absl::InvalidArgumentError(absl::StrCat(key, " is ", value));
  return static_cast<int32_t>(value);
}

absl::StatusOr<Manifest> ParseFields(const nlohmann::json& json, absl::string_view where) {
  Manifest manifest;
  CollectionOptions& options = manifest.options;
  SENVEC_ASSIGN_OR_RETURN(options.name, JsonString(json, "name", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string kind, JsonString(json, "kind", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string metric, JsonString(json, "metric", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.kind, ParseIndexKind(kind));
  SENVEC_ASSIGN_OR_RETURN(options.index.metric, ParseMetric(metric));
  SENVEC_ASSIGN_OR_RETURN(options.index.dim, SmallInt(json, "dim", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.m, SmallInt(json, "m", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.ef_construction, SmallInt(json, "ef_construction", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.ef_search, SmallInt(json, "ef_search", where));
  SENVEC_ASSIGN_OR_RETURN(options.model_fingerprint, JsonString(json, "model_fingerprint", where));
  SENVEC_ASSIGN_OR_RETURN(options.whitening_fingerprint, JsonString(json, "whitening_fingerprint", where));
  SENVEC_ASSIGN_OR_RETURN(options.model_directory, JsonString(json, "model_directory", where));
  SENVEC_ASSIGN_OR_RETURN(options.whitening_path, JsonString(json, "whitening_path", where));
  SENVEC_ASSIGN_OR_RETURN(options.query_prompt, JsonString(json, "query_prompt", where));
  SENVEC_ASSIGN_OR_RETURN(options.passage_prompt, JsonString(json, "passage_prompt", where));
  SENVEC_ASSIGN_OR_RETURN(manifest.generation, JsonInt(json, "generation", where));
  SENVEC_ASSIGN_OR_RETURN(manifest.next_row_id, JsonInt(json, "next_row_id", where));
  SENVEC_ASSIGN_OR_RETURN(manifest.num_documents, JsonInt(json, "num_documents", where));
  SENVEC_ASSIGN_OR_RETURN(manifest.documents, ParseFile(json, "documents", where));
  SENVEC_ASSIGN_OR_RETURN(manifest.vectors, ParseFile(json, "vectors", where));
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return manifest;
}

// The checksum is over the file without its own entry.
std::string ChecksumOf(const nlohmann::json& json) { return absl::StrFormat("%016x", Checksum64(DumpJson(json))); }

}  // namespace

std::string SerializeManifest(const Manifest& manifest) {
  const CollectionOptions& options = manifest.options;
  nlohmann::json json = {{"format", kFormat},
                         {"name", options.name},
                         {"kind", std::string(IndexKindName(options.index.kind))},
                         {"metric", std::string(MetricName(options.index.metric))},
                         {"dim", options.index.dim},
                         {"m", options.index.m},
                         {"ef_construction", options.index.ef_construction},
                         {"ef_search", options.index.ef_search},
                         {"model_fingerprint", options.model_fingerprint},
                         {"whitening_fingerprint", options.whitening_fingerprint},
                         {"model_directory", options.model_directory},
                         {"whitening_path", options.whitening_path},
                         {"query_prompt", options.query_prompt},
                         {"passage_prompt", options.passage_prompt},
                         {"generation", manifest.generation},
                         {"next_row_id", manifest.next_row_id},
                         {"num_documents", manifest.num_documents},
                         {"documents", FileJson(manifest.documents)},
                         {"vectors", FileJson(manifest.vectors)}};
  json["checksum"] = ChecksumOf(json);
  return absl::StrCat(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace), "\n");
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view text, absl::string_view where) {
  const auto damaged = [&](absl::string_view fault) {
    return absl::DataLossError(absl::StrCat(where, " is damaged: ", fault, "; restore it from a backup"));
  };
  absl::StatusOr<nlohmann::json> json = ParseJson(text, where);
  if (!json.ok()) return damaged(json.status().message());
  if (!json->is_object()) return damaged("it is no JSON object");
  absl::StatusOr<int64_t> format = JsonInt(*json, "format", where);
  if (!format.ok()) return damaged(format.status().message());
  if (*format > kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format ", *format, ", this program reads up to ",
                                                      kFormat, "; use the newer Senvec that wrote it"));
  }
  absl::StatusOr<std::string> checksum = JsonString(*json, "checksum", where);
  if (!checksum.ok()) return damaged(checksum.status().message());
  json->erase("checksum");
  if (*checksum != ChecksumOf(*json)) return damaged("its checksum is wrong");
  absl::StatusOr<Manifest> manifest = ParseFields(*json, where);
  if (!manifest.ok()) return damaged(manifest.status().message());
  return manifest;
}

}  // namespace senvec
