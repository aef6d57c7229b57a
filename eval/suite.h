#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// One data set and how it is measured.
struct TaskConfig {
  enum class Kind {
    kSts,        // pairs with graded scores
    kPairs,      // pairs that mean the same or not
    kRetrieval,  // a folder with corpus, queries and qrels
    kIntents,    // labelled sentences: learn from `dev`, test on `test`
  };

  std::string name;
  Kind kind = Kind::kPairs;
  std::string dev;    // file, relative to the data folder; empty = none (kIntents needs one)
  std::string test;   // file; for kRetrieval the folder
  std::string split = "test";  // of kRetrieval
  bool allow_absent = false;   // see RetrievalOptions
  // Pairs from this label on count as positive. Unset: 1 where all labels are 0 or 1, else none do.
  std::optional<double> positive_from;
  // Names of prompts, used where the model has them: of pairs, labelled sentences and queries, and of
  // documents.
  std::string query_prompt = "query";
  std::string passage_prompt = "passage";
};

// Data sets that are measured together.
struct Suite {
  std::string name;
  std::string description;
  std::vector<TaskConfig> tasks;
};

// Whether a task may have that name, which becomes part of file names: letters, digits, '_', '-' and '.', the last one
// not at the beginning.
bool IsTaskName(absl::string_view name);

absl::string_view TaskKindName(TaskConfig::Kind kind);  // "sts", "pairs", "retrieval", "intents"

// {"name", "description", "tasks": [{"name", "kind", "test", …}]} with the fields of TaskConfig.
// InvalidArgument names `where` and the field: an unknown key, a kind that there is not, a task name
// twice or one that is no file name, a missing test.
absl::StatusOr<Suite> ParseSuite(absl::string_view text, absl::string_view where);
absl::StatusOr<Suite> ReadSuite(const std::string& path);

}  // namespace senvec
