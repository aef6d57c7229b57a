#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace senvec {

// 32 sentences on which engines and precisions are held against each other when a model is loaded.
absl::Span<const absl::string_view> SelfTestSentences();

}  // namespace senvec
