#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/thread_pool.h"
#include "cli/flag_set.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// The flags that say which model encodes and how; shared by the commands that load one.
struct ModelFlags {
  std::string model;      // empty = DefaultModel()
  std::string pooling;    // empty = the model's own
  std::string whitening;  // empty = none
  std::string precision;  // empty = fp32, or what the configuration says
  int64_t max_tokens = 0;
  int64_t threads = 0;
};

// Declares --model, --pooling, --max-tokens, --precision, --threads.
void DeclareModelFlags(FlagSet& flags, ModelFlags& model);
// Declares --whitening.
void DeclareWhiteningFlag(FlagSet& flags, ModelFlags& model);

// A usage error when one of these flags was given although a server encodes, which has its own model and settings.
absl::Status RefuseModelFlags(const FlagSet& flags);

// A model and the threads it runs on.
struct LoadedModel {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<SentenceEncoder> encoder;
};

absl::StatusOr<LoadedModel> LoadModel(const ModelFlags& flags);

// The text that --prompt NAME puts before a sentence: the model's default prompt when `name` is empty. A usage error
// lists the model's prompts when it has none of that name.
absl::StatusOr<std::string> PromptText(const SentenceEncoder& encoder, const std::string& name);

}  // namespace senvec
