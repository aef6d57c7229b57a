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

absl::StatusOr<TaskResult> Pairs(const TaskConfig& config, const std::string& dev_path,
                                 const std::string& test_path, const TaskContext& context) {
  std::vector<ScoredPair> dev;
  if (!dev_path.empty()) {
    SENVEC_ASSIGN_OR_RETURN(dev, ReadScoredPairs(dev_path));
  }
  SENVEC_ASSIGN_OR_RETURN(const std::vector<ScoredPair> test, ReadScoredPairs(test_path));
  return RunPairTask(config, dev, test, context);
}

absl::StatusOr<TaskResult> Intents(const TaskConfig& config, const std::string& dev_path,
                                   const std::string& test_path, const TaskContext& context) {
  SENVEC_ASSIGN_OR_RETURN(const std::vector<LabelledText> dev, ReadLabelledTexts(dev_path));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<LabelledText> test, ReadLabelledTexts(test_path));
  return RunIntentTask(config, dev, test, context);
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

absl::StatusOr<TaskResult> RunTask(const TaskConfig& config, const std::string& data,
                                   const TaskContext& context) {
  const std::string dev = Resolve(data, config.dev), test = Resolve(data, config.test);
  absl::StatusOr<TaskResult> result = absl::InternalError("no task ran");
  std::vector<std::string> files;
  if (!dev.empty()) files.push_back(dev);
  files.push_back(test);
  switch (config.kind) {
    case TaskConfig::Kind::kSts:
    case TaskConfig::Kind::kPairs:
      result = Pairs(config, dev, test, context);
      break;
    case TaskConfig::Kind::kIntents:
      result = Intents(config, dev, test, context);
      break;
    case TaskConfig::Kind::kRetrieval: {
      SENVEC_ASSIGN_OR_RETURN(
          const RetrievalSet set,
          ReadRetrievalSet(test, {.split = config.split, .allow_absent = config.allow_absent}));
      files = set.files;
      result = RunRetrievalTask(config, set, context);
    }
  }
  if (!result.ok()) return result.status();
  result->report["name"] = config.name;
  result->report["kind"] = std::string(TaskKindName(config.kind));
  for (const std::string& file : files) {
    SENVEC_ASSIGN_OR_RETURN(nlohmann::json described, Described(file, data));
    result->report["data"].push_back(std::move(described));
  }
  return result;
}

}  // namespace senvec
