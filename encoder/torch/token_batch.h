#pragma once

#include <cstdint>
#include <memory>
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

// Where packed rows stand in an array of sequences × longest, and back; for a GPU, which knows no ragged rows. On the
// batch's device.
struct PaddedLayout {
  at::Tensor to_padded;  // int64 [sequences · longest]: row of each place; 0 at places without one
  at::Tensor to_packed;  // int64 [tokens]: place of each row
  at::Tensor is_token;   // bool [sequences, longest]
  at::Tensor lengths;    // float [sequences, 1]
};

// Sequences laid one after the other without padding.
struct TokenBatch {
  at::Tensor ids;        // int64 [tokens]
  at::Tensor type_ids;   // int64 [tokens]
  at::Tensor positions;  // int64 [tokens]; row of the table of learned positions, or rotary position
  std::vector<int32_t> offsets;  // sequences + 1: where each begins among the tokens
  std::vector<int32_t> visible;  // [tokens]: how many of its sequence's tokens each token sees; empty = all
  int32_t longest = 0;
  std::shared_ptr<const PaddedLayout> layout;  // set by Pad()

  int64_t num_tokens() const { return offsets.back(); }
  int64_t num_sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }

  // `lengths` ≥ 1 add up to the number of ids; every id and type must be in the model's tables and no
  // sequence longer than its positions.
  static TokenBatch Make(const ModelConfig& config, absl::Span<const int32_t> ids,
                         absl::Span<const int32_t> type_ids, absl::Span<const int32_t> lengths,
                         AttentionMask mask = AttentionMask::kFull);
  // Lays the batch out for inference on `device`, with a layout for the operations that need one. Masks other than kFull
  // have none.
  void Pad(at::Device device);
};

}  // namespace senvec
