#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "dataio/labelled_text_reader.h"
#include "dataio/pair_reader.h"
#include "dataio/retrieval_reader.h"
#include "encoder/whitening/whitening.h"
#include "eval/sentence_vectors.h"
#include "eval/suite.h"

namespace senvec {

// What every task of a run shares. The pointed-to objects outlive it.
struct TaskContext {
  SentenceVectors* vectors = nullptr;
  ThreadPool* pool = nullptr;
  const Whitening* whitening = nullptr;  // null = none
  bool search_whitening = true;          // pairs with a dev set: try the grid of whitenings too
  int resamples = 1000;                  // of the bootstrap
  uint64_t seed = 1;                     // of everything random; each task starts from it anew
  // Asked between steps that take long: an error ends the task with it. May be empty.
  std::function<absl::Status()> check;

  absl::Status Check() const { return check ? check() : absl::OkStatus(); }
};

// What one task is measured on. Which of the lists are filled goes by the task's kind.
struct TaskData {
  std::vector<ScoredPair> dev_pairs, test_pairs;         // kSts, kPairs
  RetrievalSet retrieval;                                // kRetrieval
  std::vector<LabelledText> dev_sentences, test_sentences;  // kIntents
  // [{"file", "bytes", "xxh3_128"}]: what a repetition, and a comparison of two runs, is checked by.
  nlohmann::json files = nlohmann::json::array();
};

// A task's part of the report (JSON, documented in docs/formats.md under "Evaluation reports"), and
// what two runs are compared by: one number an item of the test set, by measure.
struct TaskResult {
  nlohmann::json report;
  nlohmann::json items;
};

// Each measures one data set. What has no value on these data (one class only, all labels equal) is
// null in the report with a line in its "notes"; an error is only what leaves nothing to report.
absl::StatusOr<TaskResult> RunPairTask(const TaskConfig& config, const std::vector<ScoredPair>& dev,
                                       const std::vector<ScoredPair>& test,
                                       const TaskContext& context);
absl::StatusOr<TaskResult> RunRetrievalTask(const TaskConfig& config, const RetrievalSet& set,
                                            const TaskContext& context);
absl::StatusOr<TaskResult> RunIntentTask(const TaskConfig& config,
                                         const std::vector<LabelledText>& dev,
                                         const std::vector<LabelledText>& test,
                                         const TaskContext& context);

// Whether the encoder's vectors are whitened already, so that nothing can be learnt of other whitenings.
bool IsWhitened(const SentenceEncoder& encoder);

// How many components a report keeps of a vector to show what a short one is worth: 256, or ⅔ of a shorter one.
int32_t SmallDimension(int32_t dim);

// The text of the model's prompt of that name, or "" when it has none of that name.
std::string PromptOrNone(const SentenceEncoder& encoder, const std::string& name);

// Reads the files of one task. `data`: the folder that paths are relative to. InvalidArgument and NotFound name
// file, line and fault.
absl::StatusOr<TaskData> LoadTask(const TaskConfig& config, const std::string& data);

// Measures what was read, by the task's kind, and adds "name", "kind" and "data" (the files) to the report.
absl::StatusOr<TaskResult> RunTask(const TaskConfig& config, const TaskData& data, const TaskContext& context);

}  // namespace senvec
