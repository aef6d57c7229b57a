#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Texts on their way through tokenizer and scheduler.
struct EmbedTask {
  std::string prompt;
  std::vector<std::string> texts;  // checked; may be empty, then `done` is called at once
  EncodeOptions options;
  int32_t max_tokens = 0;
  absl::Time deadline = absl::InfiniteFuture();
  std::function<bool()> is_cancelled;
};

struct EmbedResult {
  std::vector<float> rows;  // texts × dim
  std::vector<int32_t> num_tokens;
  std::vector<int32_t> num_truncated;
  absl::Duration tokenize, queue, encode;
};

// Tokenises on the calling thread, then encodes with everybody else's. `done` is called exactly once, on this thread or
// on the scheduler's, and must not block.
void StartEmbed(const RpcContext& context, EmbedTask task, std::function<void(absl::StatusOr<EmbedResult>)> done);

}  // namespace senvec
