#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// Sentences without their repetitions: equal are those with the same ids and type ids, which get the same vector.
struct DistinctSentences {
  std::vector<const Encoding*> sentences;  // the first of each, in order
  std::vector<size_t> row_of;              // for each sentence given, its place in `sentences`

  // The encodings must outlive the result.
  static DistinctSentences Of(absl::Span<const Encoding* const> sentences);
};

}  // namespace senvec
