#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// Vectors of all texts, of length 1, n × dim; shows progress and tells of texts that were cut (see encode_stream.h).
absl::StatusOr<std::vector<float>> EncodeAllTexts(const SentenceEncoder& encoder, const std::string& prompt,
                                                  absl::Span<const std::string> texts);

}  // namespace senvec
