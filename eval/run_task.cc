#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/status_macros.h"
#include "dataio/scored_pair_reader.h"
#include "eval/task.h"

namespace senvec {
namespace {

// What of a file a repetition can be checked by.
absl::StatusOr<nlohmann::json> Described(const std::string& path, const std::string& data) {
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  Fingerprinter fingerprinter;
  fingerprinter.Begin(file->bytes().size());
  fingerprinter.Append(file->bytes());
  const bool below = path.compare(0, data.size() + 1, data + "/") == 0;
  return nlohmann::json{{"file", below ? path.substr(data.size() + 1) : path},
                        {"bytes", file->bytes().size()},
                        {"xxh3_128", fingerprinter.Hex()}};
}

std::string Resolve(const std::string& data, const std::string& path) {
  if (path.empty() || path[0] == '/' || data.empty()) return path;
  return JoinPath(data, path);
}

}  // namespace

std::string PromptOrNone(const SentenceEncoder& encoder, const std::string& name) {
  const auto text = encoder.Prompt(name);
  return text.ok() ? *text : "";
}

int32_t SmallDimension(int32_t dim) { return dim > 256 ? 256 : std::max(1, dim * 2 / 3); }

bool IsWhitened(const SentenceEncoder& encoder) { return !encoder.info().whitening_fingerprint.empty(); }

absl::StatusOr<TaskData> LoadTask(const TaskConfig& config, const std::string& data) {
  const std::string dev = Resolve(data, config.dev), test = Resolve(data, config.test);
  TaskData loaded;
  std::vector<std::string> files;
  if (!dev.empty()) files.push_back(dev);
  files.push_back(test);
  if (config.kind == TaskConfig::Kind::kRetrieval) {
    SENVEC_ASSIGN_OR_RETURN(loaded.retrieval,
                            ReadRetrievalSet(test, {.split = config.split, .allow_absent = config.allow_absent}));
    files = loaded.retrieval.files;
  } else if (config.kind == TaskConfig::Kind::kIntents) {
    SENVEC_ASSIGN_OR_RETURN(loaded.dev_sentences, ReadLabelledTexts(dev));
    SENVEC_ASSIGN_OR_RETURN(loaded.test_sentences, ReadLabelledTexts(test));
  } else {
    if (!dev.empty()) {
      SENVEC_ASSIGN_OR_RETURN(loaded.dev_pairs, ReadScoredPairs(dev));
    }
    SENVEC_ASSIGN_OR_RETURN(loaded.test_pairs, ReadScoredPairs(test));
  }
  for (const std::string& file : files) {
    SENVEC_ASSIGN_OR_RETURN(nlohmann::json described, Described(file, data));
    loaded.files.push_back(std::move(described));
  }
  return loaded;
}

absl::StatusOr<TaskResult> RunTask(const TaskConfig& config, const TaskData& data, const TaskContext& context) {
  SENVEC_RETURN_IF_ERROR(context.Check());
  absl::StatusOr<TaskResult> result = absl::InternalError("no task ran");
  switch (config.kind) {
    case TaskConfig::Kind::kSts:
    case TaskConfig::Kind::kPairs:
      result = RunPairTask(config, data.dev_pairs, data.test_pairs, context);
      break;
    case TaskConfig::Kind::kIntents:
      result = RunIntentTask(config, data.dev_sentences, data.test_sentences, context);
      break;
    case TaskConfig::Kind::kRetrieval:
      result = RunRetrievalTask(config, data.retrieval, context);
  }
  if (!result.ok()) return result.status();
  result->report["name"] = config.name;
  result->report["kind"] = std::string(TaskKindName(config.kind));
  result->report["data"] = data.files;
  return result;
}

}  // namespace senvec
