#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/thread_pool.h"
#include "encoder/arch/encoder_model.h"
#include "encoder/sentence_encoder.h"
#include "encoder/sentence_head.h"
#include "encoder/tokenizer/tokenizer.h"
#include "kernels/kernels.h"

namespace senvec {

// What a model directory gives, put together for SentenceEncoder.
struct EncoderParts {
  ModelInfo info;
  std::unique_ptr<const Tokenizer> tokenizer;
  std::unique_ptr<const EncoderModel> model;
  SentenceHead head;
  const Kernels* kernels = nullptr;
  ThreadPool* pool = nullptr;

  // See SentenceEncoder::Load().
  static absl::StatusOr<EncoderParts> Load(const std::string& directory, const LoadOptions& options, ThreadPool* pool);
};

}  // namespace senvec
