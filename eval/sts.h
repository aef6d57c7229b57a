#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "dataio/pair_reader.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// Semantic textual similarity: how well cosines agree with people's scores.
struct StsResult {
  double spearman = 0;
  double pearson = 0;
  int64_t num_pairs = 0;
  int64_t num_sentences = 0;  // distinct ones, each encoded once
  int64_t num_tokens = 0;     // special ones included
  int64_t num_truncated = 0;  // sentences that were cut
};

// Encodes every distinct sentence once, takes the cosine of each pair (in fp64) and correlates the cosines with the
// scores. `progress` hears how many sentences are done of how many. InvalidArgument for fewer than two pairs;
// FailedPrecondition when all scores or all cosines are equal, or a sentence has the zero vector.
absl::StatusOr<StsResult> EvaluateSts(const SentenceEncoder& encoder, absl::string_view prompt,
                                      absl::Span<const ScoredPair> pairs,
                                      absl::FunctionRef<void(int64_t done, int64_t total)> progress);

// How many different sentences the pairs hold: what `progress` will count up to.
int64_t CountDistinctSentences(absl::Span<const ScoredPair> pairs);

// a·b / (|a||b|) in fp64; NaN when one of them is the zero vector. Equal sizes.
double Cosine(absl::Span<const float> a, absl::Span<const float> b);

}  // namespace senvec
