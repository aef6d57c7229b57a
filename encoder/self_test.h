#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// 32 sentences on which engines and precisions are held against each other when a model is loaded.
absl::Span<const absl::string_view> SelfTestSentences();

// The lowest cosine of a row of `a` with the same row of `b`; both are n × dim. Rows that are zero on both sides count as
// equal; a row that is zero on one side, or holds what is no number, as −1.
double LowestCosine(absl::Span<const float> a, absl::Span<const float> b, int32_t dim);

}  // namespace senvec
