#pragma once

#include <cstdint>

#include <c10/core/ScalarType.h>

namespace senvec {

// How one pass through a model goes.
struct ForwardSettings {
  // Probability that a value is dropped, after embeddings, in attention and after each block's two
  // halves; 0 = none, as in inference.
  double dropout = 0;
  // Of every dropped value: the same seed and batch drop the same values, so that a pass can be repeated.
  uint64_t seed = 0;
  // Number of the batch's first token in the whole that it is a piece of: pieces drop what the whole drops.
  int64_t first_token = 0;
  // What the blocks compute in: the parameters' own type, or kBFloat16.
  at::ScalarType compute = at::kFloat;
  // Also wants the first block's output.
  bool first_block = false;
};

}  // namespace senvec
