#include "index/collection_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kFormat = 2;

absl::StatusOr<int32_t> SmallInt(const nlohmann::json& json, const char* key, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const int64_t value, JsonInt(json, key, where));
  if (value < 0 || value > (1 << 30)) return absl::InvalidArgumentError(absl::StrCat(key, " is ", value));
  return static_cast<int32_t>(value);
}

absl::StatusOr<CollectionFile> ParseFields(const nlohmann::json& json, absl::string_view where) {
  CollectionFile file;
  CollectionOptions& options = file.options;
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
  SENVEC_ASSIGN_OR_RETURN(options.index.nlist, SmallInt(json, "nlist", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.nprobe, SmallInt(json, "nprobe", where));
  SENVEC_ASSIGN_OR_RETURN(const std::string codes, JsonString(json, "codes", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.codes, ParseVectorStorage(codes));
  SENVEC_ASSIGN_OR_RETURN(const std::string rescoring, JsonString(json, "rescoring", where));
  SENVEC_ASSIGN_OR_RETURN(options.index.rescoring, ParseVectorStorage(rescoring));
  SENVEC_ASSIGN_OR_RETURN(options.hub_correction, JsonBoolOr(json, "hub_correction", false, where));
  SENVEC_ASSIGN_OR_RETURN(file.uuid, JsonString(json, "uuid", where));
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return file;
}

// The checksum is over the file without its own entry.
std::string ChecksumOf(const nlohmann::json& json) { return absl::StrFormat("%016x", Checksum64(DumpJson(json))); }

}  // namespace

std::string StoreFolder(const CollectionFile& file) { return absl::StrCat("store-", file.uuid.substr(0, 8)); }

std::string SerializeCollectionFile(const CollectionFile& file) {
  const CollectionOptions& options = file.options;
  nlohmann::json json = {{"format", kFormat},
                         {"uuid", file.uuid},
                         {"name", options.name},
                         {"kind", std::string(IndexKindName(options.index.kind))},
                         {"metric", std::string(MetricName(options.index.metric))},
                         {"dim", options.index.dim},
                         {"m", options.index.m},
                         {"ef_construction", options.index.ef_construction},
                         {"ef_search", options.index.ef_search},
                         {"nlist", options.index.nlist},
                         {"nprobe", options.index.nprobe},
                         {"codes", std::string(VectorStorageName(options.index.codes))},
                         {"rescoring", std::string(VectorStorageName(options.index.rescoring))},
                         {"model_fingerprint", options.model_fingerprint},
                         {"whitening_fingerprint", options.whitening_fingerprint},
                         {"model_directory", options.model_directory},
                         {"whitening_path", options.whitening_path},
                         {"query_prompt", options.query_prompt},
                         {"passage_prompt", options.passage_prompt}};
  // Left out where it is false, as in files that are older than it.
  if (options.hub_correction) json["hub_correction"] = true;
  json["checksum"] = ChecksumOf(json);
  return absl::StrCat(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace), "\n");
}

absl::StatusOr<CollectionFile> ParseCollectionFile(absl::string_view text, absl::string_view where) {
  const auto damaged = [&](absl::string_view fault) {
    return absl::DataLossError(absl::StrCat(where, " is damaged: ", fault, "; restore it from a snapshot"));
  };
  absl::StatusOr<nlohmann::json> json = ParseJson(text, where);
  if (!json.ok()) return damaged(json.status().message());
  if (!json->is_object()) return damaged("it is no JSON object");
  absl::StatusOr<int64_t> format = JsonInt(*json, "format", where);
  if (!format.ok()) return damaged(format.status().message());
  if (*format > kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format ", *format, ", this program reads format ",
                                                      kFormat, "; use the newer Senvec that wrote it"));
  }
  if (*format < kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(where, " has format ", *format, ", this program reads format ",
                                                      kFormat, "; build the collection again from its documents"));
  }
  absl::StatusOr<std::string> checksum = JsonString(*json, "checksum", where);
  if (!checksum.ok()) return damaged(checksum.status().message());
  json->erase("checksum");
  if (*checksum != ChecksumOf(*json)) return damaged("its checksum is wrong");
  absl::StatusOr<CollectionFile> file = ParseFields(*json, where);
  if (!file.ok()) return damaged(file.status().message());
  return file;
}

absl::Status RenameCollection(const std::string& directory, const std::string& name) {
  const std::string path = JoinPath(directory, kCollectionFileName);
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  SENVEC_ASSIGN_OR_RETURN(CollectionFile file, ParseCollectionFile(text, path));
  file.options.name = name;
  return WriteFileAtomically(path, SerializeCollectionFile(file));
}

}  // namespace senvec
