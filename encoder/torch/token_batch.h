#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"
#include "encoder/weights/model_config.h"

namespace senvec {

// Who may look at whom inside a sequence.
enum class AttentionMask {
  kFull,   // every token at every token
  // UniLM (METHODS 3.6): tokens of type 0 see those of type 0, tokens of type 1 see type 0 and those
  // of type 1 up to themselves. Types must not fall inside a sequence.
  kUniLm,
};

// Sequences laid one after the other without padding.
struct TokenBatch {
  at::Tensor ids;        // int64 [tokens]
  at::Tensor type_ids;   // int64 [tokens]
  at::Tensor positions;  // int64 [tokens]; row of the table of learned positions, or rotary position
  std::vector<int32_t> offsets;  // sequences + 1: where each begins among the tokens
  std::vector<int32_t> visible;  // [tokens]: how many of its sequence's tokens each token sees; empty = all
  int32_t longest = 0;

  int64_t num_tokens() const { return offsets.back(); }
  int64_t num_sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }

  // `lengths` ≥ 1 add up to the number of ids; every id and type must be in the model's tables and no
  // sequence longer than its positions.
  static TokenBatch Make(const ModelConfig& config, absl::Span<const int32_t> ids,
                         absl::Span<const int32_t> type_ids, absl::Span<const int32_t> lengths,
                         AttentionMask mask = AttentionMask::kFull);
  void To(at::Device device);
};

}  // namespace senvec
