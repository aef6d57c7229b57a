#include "cli/encode_stream.h"

#include <cstdio>
#include <utility>

#include "absl/time/clock.h"
#include "base/progress.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// A batch ends at either bound: enough work for every thread, and little memory.
constexpr size_t kBatchTexts = 256;
constexpr size_t kBatchBytes = size_t{1} << 18;

// Fills `batch`; it is empty at the end of the source.
absl::Status ReadBatch(const TextSource& source, std::vector<std::string>& batch) {
  batch.clear();
  size_t bytes = 0;
  while (batch.size() < kBatchTexts && bytes < kBatchBytes) {
    std::string text;
    SENVEC_ASSIGN_OR_RETURN(const bool more, source(text));
    if (!more) break;
    bytes += text.size();
    batch.push_back(std::move(text));
  }
  return absl::OkStatus();
}

void AddTo(StreamTotals& totals, const SentenceEncoder::TextsResult& result) {
  totals.num_texts += static_cast<int64_t>(result.num_tokens.size());
  for (const int32_t n : result.num_tokens) totals.num_tokens += n;
  for (const int32_t n : result.num_truncated) totals.num_truncated_texts += n > 0;
}

}  // namespace

absl::StatusOr<StreamTotals> EncodeStream(const TextSource& source, const EncodeFunction& encode,
                                          int64_t total, const BatchSink& sink) {
  ProgressBar progress({.label = "encode",
                        .unit = "sentences",
                        .total = total,
                        .is_terminal = ProgressBar::IsTerminal(stderr)},
                       absl::Now());
  StreamTotals totals;
  std::vector<std::string> batch;
  while (true) {
    SENVEC_RETURN_IF_ERROR(ReadBatch(source, batch));
    if (batch.empty()) break;
    SENVEC_ASSIGN_OR_RETURN(const SentenceEncoder::TextsResult result, encode(batch));
    AddTo(totals, result);
    SENVEC_RETURN_IF_ERROR(sink(batch, result));
    progress.Update(totals.num_texts, absl::Now());
  }
  progress.Finish(absl::Now());
  return totals;
}

TextSource LinesOf(LineReader& reader) {
  return [&reader](std::string& text) { return reader.Next(text); };
}

EncodeFunction EncodeWith(const SentenceEncoder& encoder, std::string prompt, EncodeOptions options) {
  return [&encoder, prompt = std::move(prompt), options](absl::Span<const std::string> texts) {
    return encoder.EncodeTexts(texts, prompt, options);
  };
}

void WarnOfTruncation(const StreamTotals& totals, int32_t max_tokens) {
  if (totals.num_truncated_texts == 0) return;
  std::fprintf(stderr,
               "note: %lld of %lld texts were longer than %d tokens and were cut; split them, or "
               "raise --max-tokens if the model allows it\n",
               static_cast<long long>(totals.num_truncated_texts),
               static_cast<long long>(totals.num_texts), max_tokens);
}

}  // namespace senvec
