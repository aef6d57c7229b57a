// Reader of the safetensors format: 8 bytes header length (little-endian), that many bytes of JSON
// {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {…}}, then the data without gaps.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"
#include "encoder/weights/weight_source.h"

namespace senvec {
namespace {

// The reference implementation's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr absl::string_view kSingleFile = "model.safetensors";
constexpr absl::string_view kShardIndex = "model.safetensors.index.json";

absl::Status Damaged(absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", what, "; the file is damaged or incomplete, fetch it again"));
}

class TensorTable : public WeightSource {
 public:
  const TensorView* Find(absl::string_view name) const override {
    const auto it = tensors_.find(std::string(name));
    return it == tensors_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : tensors_) names.push_back(name);
    return names;
  }
  std::string Metadata(absl::string_view key) const override {
    const auto it = metadata_.find(std::string(key));
    return it == metadata_.end() ? std::string() : it->second;
  }
  std::vector<std::shared_ptr<const MappedFile>> Files() const override { return files_; }
  void Release(const TensorView& tensor) const override;

  absl::Status AddFile(const std::string& path);

 private:
  absl::Status AddEntry(absl::string_view path, const std::string& name, const nlohmann::json& entry,
                        absl::string_view data);
  absl::Status AddMetadata(const std::string& path, const nlohmann::json& metadata);

  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// nlohmann::json keeps the last of two equal keys; a header with two tensors of one name must not pass.
absl::StatusOr<nlohmann::json> ParseHeader(absl::string_view text, const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(nlohmann::json header, ParseJson(text, path));
  if (!header.is_object()) return Damaged(path, "the header is not a JSON object");
  std::set<std::string> keys;
  std::string repeated;
  const auto callback = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (depth == 1 && event == nlohmann::json::parse_event_t::key &&
        !keys.insert(parsed.get<std::string>()).second) {
      repeated = parsed.get<std::string>();
    }
    return depth <= 1;  // Values were parsed above; only the top level's keys are wanted here.
  };
  const nlohmann::json keys_only =
      nlohmann::json::parse(text.begin(), text.end(), callback, /*allow_exceptions=*/false);
  static_cast<void>(keys_only);
  if (!repeated.empty()) return Damaged(path, absl::StrCat("tensor \"", repeated, "\" is there twice"));
  return header;
}

// Numbers of the header as unsigned integers; anything else (negative, fraction, text) is refused.
absl::StatusOr<std::vector<uint64_t>> Integers(const nlohmann::json& entry, absl::string_view key,
                                               absl::string_view where) {
  const auto it = entry.find(std::string(key));
  if (it == entry.end() || !it->is_array()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": \"", key, "\" must be a list"));
  }
  std::vector<uint64_t> values;
  for (const nlohmann::json& value : *it) {
    if (!value.is_number_unsigned()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": \"", key, "\" must hold integers ≥ 0, got ", DumpJson(value)));
    }
    values.push_back(value.get<uint64_t>());
  }
  return values;
}

absl::Status TensorTable::AddEntry(absl::string_view path, const std::string& name,
                                   const nlohmann::json& entry, absl::string_view data) {
  const std::string where = absl::StrCat(path, ": tensor \"", name, "\"");
  if (!entry.is_object()) return Damaged(where, "its entry is not a JSON object");
  SENVEC_ASSIGN_OR_RETURN(const std::string dtype_name, JsonString(entry, "dtype", where));
  const absl::StatusOr<DType> dtype = ParseDType(dtype_name);
  if (!dtype.ok()) return Damaged(where, dtype.status().message());
  SENVEC_ASSIGN_OR_RETURN(const std::vector<uint64_t> shape, Integers(entry, "shape", where));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<uint64_t> offsets, Integers(entry, "data_offsets", where));
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size()) {
    return Damaged(where, absl::StrCat("data_offsets ", DumpJson(entry["data_offsets"]),
                                       " do not lie in the file's ", data.size(), " data bytes"));
  }
  TensorView view{.name = name, .dtype = *dtype, .shape = {}, .bytes = {}, .file = path};
  uint64_t bytes = DTypeSize(*dtype);
  for (uint64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes) || size > INT64_MAX) {
      return Damaged(where, absl::StrCat("shape ", DumpJson(entry["shape"]), " is too large"));
    }
    view.shape.push_back(static_cast<int64_t>(size));
  }
  if (bytes != offsets[1] - offsets[0]) {
    return Damaged(where, absl::StrCat("shape ", ShapeString(view.shape), " of ", dtype_name, " needs ", bytes,
                                       " bytes, data_offsets span ", offsets[1] - offsets[0]));
  }
  view.bytes = data.substr(offsets[0], bytes);
  if (!tensors_.emplace(name, std::move(view)).second) {
    return Damaged(where, "it is already in another shard");
  }
  return absl::OkStatus();
}

// Whole pages, those that neighbours share included: their values come back from the file when they are read.
void TensorTable::Release(const TensorView& tensor) const {
  for (const auto& file : files_) file->Release(tensor.bytes);
}

absl::Status TensorTable::AddMetadata(const std::string& path, const nlohmann::json& metadata) {
  if (!metadata.is_object()) return Damaged(path, "\"__metadata__\" is not a JSON object");
  for (const auto& [key, value] : metadata.items()) {
    if (!value.is_string()) return Damaged(path, absl::StrCat("metadata \"", key, "\" is not a string"));
    metadata_[key] = value.get<std::string>();
  }
  return absl::OkStatus();
}

// Tensors must cover the data from end to end: neither overlap nor gap.
absl::Status CheckCoverage(const std::string& path, absl::string_view data, std::vector<TensorView> views) {
  std::sort(views.begin(), views.end(), [](const TensorView& a, const TensorView& b) {
    return std::make_pair(a.bytes.data(), a.bytes.size()) < std::make_pair(b.bytes.data(), b.bytes.size());
  });
  const char* end = data.data();
  for (const TensorView& view : views) {
    if (view.bytes.data() != end) {
      return Damaged(path, absl::StrCat("tensor \"", view.name, "\" begins at data byte ",
                                        view.bytes.data() - data.data(), ", expected ",
                                        end - data.data(), " (overlap or gap)"));
    }
    end = view.bytes.data() + view.bytes.size();
  }
  if (end != data.data() + data.size()) {
    return Damaged(path, absl::StrCat(data.data() + data.size() - end, " bytes follow the last tensor"));
  }
  return absl::OkStatus();
}

absl::Status TensorTable::AddFile(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  const absl::string_view bytes = file->bytes();
  uint64_t header_size = 0;
  if (bytes.size() < sizeof(header_size)) {
    return Damaged(path, absl::StrCat("the file has only ", bytes.size(), " bytes"));
  }
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  if (header_size > kMaxHeaderBytes || header_size > bytes.size() - sizeof(header_size)) {
    return Damaged(path, absl::StrCat("header length ", header_size, " does not fit a file of ",
                                      bytes.size(), " bytes"));
  }
  const absl::string_view data = bytes.substr(sizeof(header_size) + header_size);
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json header,
                          ParseHeader(bytes.substr(sizeof(header_size), header_size), path));
  std::vector<TensorView> views;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      SENVEC_RETURN_IF_ERROR(AddMetadata(path, entry));
    } else {
      SENVEC_RETURN_IF_ERROR(AddEntry(file->path(), name, entry, data));  // a path that lives as long
      views.push_back(*Find(name));
    }
  }
  SENVEC_RETURN_IF_ERROR(CheckCoverage(path, data, std::move(views)));
  files_.push_back(std::move(file));
  return absl::OkStatus();
}

absl::Status AddShards(const std::string& directory, TensorTable& table) {
  const std::string index_path = JoinPath(directory, kShardIndex);
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json index, ReadJsonFile(index_path));
  const auto map = index.find("weight_map");
  if (!index.is_object() || map == index.end() || !map->is_object()) {
    return Damaged(index_path, "\"weight_map\" is missing or not an object");
  }
  std::map<std::string, std::vector<std::string>> tensors_by_file;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) return Damaged(index_path, absl::StrCat("\"", tensor, "\" has no file name"));
    tensors_by_file[file.get<std::string>()].push_back(tensor);
  }
  for (const auto& [file, tensors] : tensors_by_file) {
    if (file.empty() || absl::StrContains(file, "/") || absl::StrContains(file, "..")) {
      return Damaged(index_path, absl::StrCat("shard \"", file, "\" is not a plain file name"));
    }
    SENVEC_RETURN_IF_ERROR(table.AddFile(JoinPath(directory, file)));
    for (const std::string& tensor : tensors) {
      if (table.Find(tensor) == nullptr) {
        return Damaged(index_path, absl::StrCat("tensor \"", tensor, "\" is not in ", file));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const WeightSource>> WeightSource::OpenSafetensors(
    const std::string& path) {
  auto table = std::make_shared<TensorTable>();
  SENVEC_RETURN_IF_ERROR(table->AddFile(path));
  return std::shared_ptr<const WeightSource>(std::move(table));
}

absl::StatusOr<std::shared_ptr<const WeightSource>> WeightSource::OpenDirectory(
    const std::string& directory) {
  const std::string single = JoinPath(directory, kSingleFile);
  if (FileExists(single)) return OpenSafetensors(single);
  if (!FileExists(JoinPath(directory, kShardIndex))) {
    return absl::NotFoundError(absl::StrCat(directory, ": neither ", kSingleFile, " nor ", kShardIndex,
                                            " is there; a model directory needs its weights"));
  }
  auto table = std::make_shared<TensorTable>();
  SENVEC_RETURN_IF_ERROR(AddShards(directory, *table));
  return std::shared_ptr<const WeightSource>(std::move(table));
}

}  // namespace senvec
