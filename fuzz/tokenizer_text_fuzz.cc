// Any bytes as text, for each kind of tokenizer. The first byte picks the tokenizer and the limit; a line feed, if
// there is one, parts the rest into the two texts of a pair.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/tokenizer_invariants.h"

namespace {

using senvec::Tokenizer;

std::vector<std::unique_ptr<const Tokenizer>> LoadAll() {
  std::vector<std::unique_ptr<const Tokenizer>> tokenizers;
  for (const char* name : {"bert_uncased", "bert_cased", "unigram", "unigram_whitespace_split"}) {
    const std::string folder = std::string(SENVEC_SOURCE_DIR "/encoder/tokenizer/testdata/") + name;
    auto tokenizer = Tokenizer::FromDirectory(folder);
    if (!tokenizer.ok()) std::fprintf(stderr, "%s\n", std::string(tokenizer.status().message()).c_str());
    SENVEC_CHECK(tokenizer.ok());
    tokenizers.push_back(*std::move(tokenizer));
  }
  return tokenizers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Loaded once: a fuzzing engine calls this thousands of times a second.
  static const std::vector<std::unique_ptr<const Tokenizer>> tokenizers = LoadAll();
  if (size == 0) return 0;
  const Tokenizer& tokenizer = *tokenizers[data[0] % tokenizers.size()];
  const int32_t limit = 1 + data[0] / 4;
  const absl::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  senvec::CheckText(tokenizer, bytes, limit);

  const size_t feed = bytes.find('\n');
  const absl::string_view first = bytes.substr(0, feed);
  const absl::string_view second = feed == absl::string_view::npos ? absl::string_view() : bytes.substr(feed + 1);
  // Four is the most special tokens that a pair gets here, and the least limit that is allowed.
  const senvec::TokenizeOptions options = {.max_tokens = 4 + limit, .want_offsets = true};
  senvec::CheckEncoding(tokenizer, tokenizer.EncodePair(first, second, options), options, first, second);
  return 0;
}
