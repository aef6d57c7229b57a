#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/rpc/caller.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Texts on their way through tokenizer and scheduler.
struct EmbedTask {
  std::string prompt;
  std::vector<std::string> texts;  // may be empty, then `done` is called at once
  std::vector<std::string> names;  // what errors call each text: "texts[3]"
  // As many as texts, or none = all OK. A text whose status is not OK is bad for itself and left out.
  std::vector<absl::Status> statuses;
  EncodeOptions options;
  int32_t max_tokens = 0;
  bool refuse_truncation = false;  // a text that would be cut gets an InvalidArgument of its own
  Caller caller;
};

// For each text of the task.
struct EmbedResult {
  std::vector<float> rows;  // texts × dim; zeros where the status is not OK
  std::vector<absl::Status> statuses;
  std::vector<int32_t> num_tokens;  // 0 where the status is not OK, as num_truncated
  std::vector<int32_t> num_truncated;
  absl::Duration tokenize, queue, encode;
};

// Tokenises on the calling thread, then encodes with everybody else's. `done` is called exactly once, on this thread or
// on the scheduler's, and must not block. It gets an error only when there is no vector at all: what concerns all texts,
// or the first text's error when every text has one.
void StartEmbed(const RpcContext& context, EmbedTask task, std::function<void(absl::StatusOr<EmbedResult>)> done);

// StartEmbed(), then `work` with the vectors on the work queue, unless one text is bad. `done` is called exactly once with
// the outcome of both.
void EmbedThenWork(const RpcContext& context, EmbedTask task, std::function<absl::Status(const EmbedResult&)> work,
                   std::function<void(absl::Status)> done);

}  // namespace senvec
