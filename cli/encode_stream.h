#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "dataio/line_reader.h"
#include "encoder/sentence_encoder.h"

namespace senvec {

// Gives the next text, or false at the end.
using TextSource = std::function<absl::StatusOr<bool>(std::string& text)>;
// Vectors of several texts, from a model here or on a server.
using EncodeFunction =
    std::function<absl::StatusOr<SentenceEncoder::TextsResult>(absl::Span<const std::string> texts)>;
// Takes the vectors of the next texts, in the order of the source.
using BatchSink = std::function<absl::Status(absl::Span<const std::string> texts,
                                             const SentenceEncoder::TextsResult& result)>;

// Sums over a whole stream.
struct StreamTotals {
  int64_t num_texts = 0;
  int64_t num_tokens = 0;
  int64_t num_truncated_texts = 0;
};

// Encodes what `source` gives and hands it to `sink`, some hundred texts at a time, so that memory does not grow with
// the stream. Shows progress on standard error; `total` is the number of texts, 0 when it is not known.
absl::StatusOr<StreamTotals> EncodeStream(const TextSource& source, const EncodeFunction& encode,
                                          int64_t total, const BatchSink& sink);

// The lines of `reader` as a source; it must outlive the result.
TextSource LinesOf(LineReader& reader);

// Encodes with `encoder`, which must outlive the result.
EncodeFunction EncodeWith(const SentenceEncoder& encoder, std::string prompt, EncodeOptions options);

// Tells on standard error, when some texts were cut, how many and what can be done.
void WarnOfTruncation(const StreamTotals& totals, int32_t max_tokens);

}  // namespace senvec
