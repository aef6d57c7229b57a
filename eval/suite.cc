#include "eval/suite.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr TaskConfig::Kind kKinds[] = {TaskConfig::Kind::kSts, TaskConfig::Kind::kPairs,
                                       TaskConfig::Kind::kRetrieval, TaskConfig::Kind::kIntents};

absl::Status Fault(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status CheckKeys(const nlohmann::json& object, const std::set<std::string>& known,
                       absl::string_view where) {
  if (!object.is_object()) {
    return Fault(where, absl::StrCat("expected a JSON object, got ", object.type_name()));
  }
  for (const auto& [key, value] : object.items()) {
    if (known.count(key) > 0) continue;
    return Fault(where, absl::StrCat("unknown key \"", key, "\" (known are ",
                                     absl::StrJoin(known, ", "), ")"));
  }
  return absl::OkStatus();
}

absl::StatusOr<TaskConfig::Kind> ParseKind(const std::string& name, absl::string_view where) {
  for (const TaskConfig::Kind kind : kKinds) {
    if (TaskKindName(kind) == name) return kind;
  }
  return Fault(where, absl::StrCat("kind \"", name, "\" is none of sts, pairs, retrieval, intents"));
}

absl::StatusOr<TaskConfig> ParseTask(const nlohmann::json& object, absl::string_view where) {
  SENVEC_RETURN_IF_ERROR(CheckKeys(object, {"name", "kind", "dev", "test", "split", "allow_absent",
                                            "positive_from", "query_prompt", "passage_prompt"},
                                   where));
  TaskConfig task;
  SENVEC_ASSIGN_OR_RETURN(task.name, JsonString(object, "name", where));
  if (!IsTaskName(task.name)) {
    return Fault(where, absl::StrCat("the name \"", task.name,
                                     "\" must be of letters, digits, '_', '-' and '.'"));
  }
  SENVEC_ASSIGN_OR_RETURN(const std::string kind, JsonString(object, "kind", where));
  SENVEC_ASSIGN_OR_RETURN(task.kind, ParseKind(kind, where));
  SENVEC_ASSIGN_OR_RETURN(task.test, JsonString(object, "test", where));
  SENVEC_ASSIGN_OR_RETURN(task.dev, JsonStringOr(object, "dev", "", where));
  SENVEC_ASSIGN_OR_RETURN(task.split, JsonStringOr(object, "split", task.split, where));
  SENVEC_ASSIGN_OR_RETURN(task.allow_absent, JsonBoolOr(object, "allow_absent", false, where));
  SENVEC_ASSIGN_OR_RETURN(task.query_prompt,
                          JsonStringOr(object, "query_prompt", task.query_prompt, where));
  SENVEC_ASSIGN_OR_RETURN(task.passage_prompt,
                          JsonStringOr(object, "passage_prompt", task.passage_prompt, where));
  if (object.contains("positive_from")) {
    SENVEC_ASSIGN_OR_RETURN(task.positive_from, JsonDouble(object, "positive_from", where));
  }
  if (task.test.empty()) return Fault(where, "\"test\" is empty");
  if (task.kind == TaskConfig::Kind::kIntents && task.dev.empty()) {
    return Fault(where, "intents need \"dev\", the sentences to learn from");
  }
  return task;
}

}  // namespace

bool IsTaskName(absl::string_view name) {
  return !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
}

absl::string_view TaskKindName(TaskConfig::Kind kind) {
  switch (kind) {
    case TaskConfig::Kind::kSts:
      return "sts";
    case TaskConfig::Kind::kPairs:
      return "pairs";
    case TaskConfig::Kind::kRetrieval:
      return "retrieval";
    case TaskConfig::Kind::kIntents:
      return "intents";
  }
  return "";
}

absl::StatusOr<Suite> ParseSuite(absl::string_view text, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(text, where));
  SENVEC_RETURN_IF_ERROR(CheckKeys(object, {"name", "description", "tasks"}, where));
  Suite suite;
  SENVEC_ASSIGN_OR_RETURN(suite.name, JsonString(object, "name", where));
  SENVEC_ASSIGN_OR_RETURN(suite.description, JsonStringOr(object, "description", "", where));
  const auto tasks = object.find("tasks");
  if (tasks == object.end() || !tasks->is_array() || tasks->empty()) {
    return Fault(where, "\"tasks\" must be a list that is not empty");
  }
  std::set<std::string> names;
  for (size_t i = 0; i < tasks->size(); ++i) {
    SENVEC_ASSIGN_OR_RETURN(TaskConfig task,
                            ParseTask((*tasks)[i], absl::StrCat(where, ": task ", i)));
    if (!names.insert(task.name).second) {
      return Fault(where, absl::StrCat("there are two tasks \"", task.name, "\""));
    }
    suite.tasks.push_back(std::move(task));
  }
  return suite;
}

absl::StatusOr<Suite> ReadSuite(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseSuite(text, path);
}

}  // namespace senvec
