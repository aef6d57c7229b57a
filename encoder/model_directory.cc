#include "encoder/model_directory.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

struct PoolingFlag {
  const char* key;
  Pooling pooling;
};
constexpr std::array<PoolingFlag, 4> kPoolingFlags = {{{"pooling_mode_cls_token", Pooling::kCls},
                                                       {"pooling_mode_mean_tokens", Pooling::kMean},
                                                       {"pooling_mode_max_tokens", Pooling::kMax},
                                                       {"pooling_mode_lasttoken", Pooling::kLast}}};
constexpr std::array<const char*, 2> kUnservedPoolings = {"pooling_mode_mean_sqrt_len_tokens",
                                                          "pooling_mode_weightedmean_tokens"};

absl::Status Unserved(absl::string_view path, absl::string_view what) {
  return absl::UnimplementedError(absl::StrCat(path, ": ", what, " is not served"));
}

// The newer form: "pooling_mode": "mean".
absl::StatusOr<Pooling> NamedPooling(const nlohmann::json& config, const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::string name, JsonString(config, "pooling_mode", path));
  if (name == "lasttoken") return Pooling::kLast;
  absl::StatusOr<Pooling> pooling = ParsePooling(name);
  if (!pooling.ok()) return Unserved(path, absl::StrCat("\"pooling_mode\": \"", name, "\""));
  return pooling;
}

absl::StatusOr<Pooling> ReadPooling(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json config, ReadJsonFile(path));
  SENVEC_ASSIGN_OR_RETURN(const bool include_prompt, JsonBoolOr(config, "include_prompt", true, path));
  if (!include_prompt) return Unserved(path, "\"include_prompt\": false");
  if (config.contains("pooling_mode")) return NamedPooling(config, path);
  for (const char* key : kUnservedPoolings) {
    SENVEC_ASSIGN_OR_RETURN(const bool set, JsonBoolOr(config, key, false, path));
    if (set) return Unserved(path, key);
  }
  std::optional<Pooling> found;
  for (const PoolingFlag& flag : kPoolingFlags) {
    SENVEC_ASSIGN_OR_RETURN(const bool set, JsonBoolOr(config, flag.key, false, path));
    if (set && found.has_value()) return Unserved(path, "more than one pooling, concatenated,");
    if (set) found = flag.pooling;
  }
  if (!found.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no pooling_mode_… is true"));
  }
  return *found;
}

absl::Status ReadModules(const std::string& directory, ModelDirectory& result) {
  const std::string path = JoinPath(directory, "modules.json");
  result.files.push_back(path);
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json modules, ReadJsonFile(path));
  if (!modules.is_array() || modules.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": expected a list of modules"));
  }
  for (const nlohmann::json& module : modules) {
    SENVEC_ASSIGN_OR_RETURN(const std::string type, JsonString(module, "type", path));
    SENVEC_ASSIGN_OR_RETURN(const std::string folder, JsonStringOr(module, "path", "", path));
    if (absl::StartsWith(folder, "/") || absl::StrContains(folder, "..")) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": path \"", folder, "\" leaves the model's folder"));
    }
    const std::string name = type.substr(type.rfind('.') + 1);
    const std::string full = folder.empty() ? directory : JoinPath(directory, folder);
    if (name == "Transformer") {
      result.transformer_folder = full;
    } else if (name == "Pooling") {
      result.files.push_back(JoinPath(full, "config.json"));
      SENVEC_ASSIGN_OR_RETURN(result.pooling, ReadPooling(result.files.back()));
    } else if (name == "Dense") {
      result.dense_folders.push_back(full);
      result.files.push_back(JoinPath(full, "config.json"));
      result.files.push_back(JoinPath(full, "model.safetensors"));
    } else if (name == "Normalize") {
      result.normalize = true;
    } else if (name != "Dropout") {  // nothing at inference
      return Unserved(path, absl::StrCat("module \"", type, "\""));
    }
    if (result.normalize && name == "Dense") return Unserved(path, "a Dense module after Normalize");
  }
  return absl::OkStatus();
}

absl::Status ReadMaxTokens(ModelDirectory& result) {
  // Some tokenizers write 1e30 for "no limit".
  constexpr double kNoLimit = 1e9;
  struct Source {
    const char* file;
    const char* key;
  };
  for (const Source& source : {Source{"sentence_bert_config.json", "max_seq_length"},
                               Source{"tokenizer_config.json", "model_max_length"}}) {
    const std::string path = JoinPath(result.transformer_folder, source.file);
    if (!FileExists(path)) continue;
    SENVEC_ASSIGN_OR_RETURN(const nlohmann::json config, ReadJsonFile(path));
    SENVEC_ASSIGN_OR_RETURN(const double value, JsonDoubleOr(config, source.key, 0, path));
    if (value < 0) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": \"", source.key, "\" is ", value));
    }
    if (value == 0 || value > kNoLimit) continue;
    result.max_tokens = static_cast<int32_t>(value);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

// sentence-transformers lower-cases the text itself, before the tokenizer sees it and by other rules than a tokenizer's
// own (a final sigma, "[CLS]" in the text): skipping it would give other vectors without a word.
absl::Status CheckCase(const ModelDirectory& result) {
  const std::string path = JoinPath(result.transformer_folder, "sentence_bert_config.json");
  if (!FileExists(path)) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json config, ReadJsonFile(path));
  SENVEC_ASSIGN_OR_RETURN(const bool lower, JsonBoolOr(config, "do_lower_case", false, path));
  if (!lower) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      path, ": \"do_lower_case\": true is not served; where the tokenizer lower-cases by itself, as those of uncased models "
            "do, set it to false, which changes nothing but rare characters"));
}

absl::Status ReadPrompts(const std::string& directory, ModelDirectory& result) {
  const std::string path = JoinPath(directory, "config_sentence_transformers.json");
  if (!FileExists(path)) return absl::OkStatus();
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json config, ReadJsonFile(path));
  const auto prompts = config.find("prompts");
  if (prompts != config.end() && !prompts->is_null()) {
    if (!prompts->is_object()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": \"prompts\" is no object"));
    }
    for (const auto& [name, text] : prompts->items()) {
      if (!text.is_string()) {
        return absl::InvalidArgumentError(absl::StrCat(path, ": prompt \"", name, "\" is no string"));
      }
      result.prompts[name] = text.get<std::string>();
    }
  }
  SENVEC_ASSIGN_OR_RETURN(result.default_prompt_name, JsonStringOr(config, "default_prompt_name", "", path));
  if (!result.default_prompt_name.empty() && !result.prompts.contains(result.default_prompt_name)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": default_prompt_name \"", result.default_prompt_name,
                                                   "\" is none of the prompts"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelDirectory> ModelDirectory::Read(const std::string& directory) {
  if (!DirectoryExists(directory)) {
    return absl::NotFoundError(absl::StrCat("there is no model directory ", directory,
                                            "; scripts/get-model.sh fetches one"));
  }
  ModelDirectory result;
  result.transformer_folder = directory;
  if (FileExists(JoinPath(directory, "modules.json"))) {
    SENVEC_RETURN_IF_ERROR(ReadModules(directory, result));
  } else {
    result.normalize = true;
  }
  SENVEC_RETURN_IF_ERROR(CheckCase(result));
  SENVEC_RETURN_IF_ERROR(ReadMaxTokens(result));
  SENVEC_RETURN_IF_ERROR(ReadPrompts(directory, result));
  for (const char* name : {"config.json", "tokenizer.json", "vocab.txt", "tokenizer_config.json"}) {
    const std::string path = JoinPath(result.transformer_folder, name);
    if (FileExists(path)) result.files.push_back(path);
  }
  return result;
}

}  // namespace senvec
