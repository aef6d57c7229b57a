#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// How token vectors become one sentence vector (METHODS 1.5; kexue.fm 8321 calls cls P1, pooler P2, mean P3 and
// first_last_avg P4).
enum class Pooling {
  kCls,           // the first token's last hidden state
  kMean,          // mean over all tokens, special ones included
  kMax,           // element-wise maximum over all tokens
  kLast,          // the last token's last hidden state
  kPooler,        // the checkpoint's pooler: dense on the first token, tanh or linear as config.json says
  kFirstLastAvg,  // mean of (mean of the first block's output, mean of the last one's)
};

// "cls", "mean", "max", "last", "pooler", "first_last_avg". InvalidArgument lists the names.
absl::StatusOr<Pooling> ParsePooling(absl::string_view name);
absl::string_view PoolingName(Pooling pooling);

// Pools one sentence. `last`: num_tokens × dim, row-major, num_tokens ≥ 1. `first`: the same shape, the output of
// the first block; used by kFirstLastAvg only. `out`: dim. kPooler copies the first token: its dense layer belongs
// to the model. Sums run in token order in fp32, so a sentence gives the same bits whatever its batch.
void Pool(Pooling pooling, absl::Span<const float> last, absl::Span<const float> first, int64_t dim,
          absl::Span<float> out);

}  // namespace senvec
