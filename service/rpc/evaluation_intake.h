#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/suite.h"
#include "eval/task.h"
#include "senvec/v1/evaluation.pb.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// What a client wants measured, whole and checked.
struct Evaluation {
  int resamples = 1000;
  uint64_t seed = 1;
  bool search_whitening = true;
  std::string command;
  std::vector<Suite> suites;
  absl::flat_hash_map<std::string, std::shared_ptr<const TaskData>> data;  // by task
  int64_t num_tasks = 0;
};

// Takes the messages of one Evaluate call one after the other and checks them as they come, so that a stream that is
// wrong or too large ends at once. Not thread-safe. After an error it is of no more use.
class EvaluationIntake {
 public:
  explicit EvaluationIntake(const RpcLimits& limits) : limits_(limits) {}

  // InvalidArgument names task, list and line; ResourceExhausted the bound that is passed.
  absl::Status Add(v1::EvaluateRequest request);
  // After the last message. InvalidArgument when there is no task, or the last one lacks data.
  absl::StatusOr<Evaluation> Finish();

 private:
  absl::Status Begin(const v1::EvaluationStart& start);
  absl::Status BeginTask(v1::EvaluationTask task);
  absl::Status AddRecords(v1::EvaluationRecords& records);
  absl::Status EndTask();
  absl::Status AddPairs(const char* list, google::protobuf::RepeatedPtrField<v1::LabelledPair>* from,
                        std::vector<ScoredPair>& to);
  absl::Status AddTexts(const char* list, google::protobuf::RepeatedPtrField<v1::EvaluationText>* from,
                        std::vector<NamedText>& to, absl::flat_hash_map<std::string, int64_t>& positions);
  absl::Status AddSentences(const char* list, google::protobuf::RepeatedPtrField<v1::LabelledSentence>* from,
                            std::vector<LabelledText>& to);
  absl::Status AddJudgments(const google::protobuf::RepeatedPtrField<v1::EvaluationJudgment>& from);
  absl::Status ResolveJudgments();
  // Bounds of one text and of all.
  absl::Status Count(const std::string& where, const std::string& text);
  // "task NAME, LIST line N".
  std::string Where(const char* list, size_t line) const;
  absl::Status Fault(const std::string& where, absl::string_view what) const;

  const RpcLimits limits_;
  bool started_ = false;
  Evaluation evaluation_;
  absl::flat_hash_set<std::string> names_;
  int64_t num_texts_ = 0;
  int64_t num_bytes_ = 0;
  // Of the task that comes in.
  TaskConfig task_;
  std::string suite_, suite_description_;
  std::shared_ptr<TaskData> data_;  // null between tasks
  absl::flat_hash_map<std::string, int64_t> documents_, queries_;  // positions by id
  std::vector<v1::EvaluationJudgment> judgments_;
};

// Distinct texts that the evaluation has the encoder make vectors of, counted once for each prompt.
int64_t CountTextsToEncode(const Evaluation& evaluation, const SentenceEncoder& encoder);

}  // namespace senvec
