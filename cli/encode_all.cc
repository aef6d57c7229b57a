#include "cli/encode_all.h"

#include "base/status_macros.h"
#include "cli/encode_stream.h"

namespace senvec {

absl::StatusOr<std::vector<float>> EncodeAllTexts(const SentenceEncoder& encoder, const std::string& prompt,
                                                  absl::Span<const std::string> texts) {
  size_t next = 0;
  const TextSource source = [&](std::string& text) -> absl::StatusOr<bool> {
    if (next == texts.size()) return false;
    text = texts[next++];
    return true;
  };
  std::vector<float> rows;
  const BatchSink sink = [&](absl::Span<const std::string>, const SentenceEncoder::TextsResult& result) {
    rows.insert(rows.end(), result.rows.begin(), result.rows.end());
    return absl::OkStatus();
  };
  SENVEC_ASSIGN_OR_RETURN(const StreamTotals totals,
                          EncodeStream(source, EncodeWith(encoder, prompt, {.normalize = true}),
                                       static_cast<int64_t>(texts.size()), sink));
  WarnOfTruncation(totals, encoder.info().max_tokens);
  return rows;
}

}  // namespace senvec
