// A tokenizer.json comes with a model that someone else made: any bytes end in an error or in a tokenizer that keeps
// its promises for any text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/tokenizer_invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using senvec::Tokenizer;
  const absl::string_view json(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = Tokenizer::FromJson(json, "fuzz");
  if (!tokenizer.ok()) {
    SENVEC_CHECK(!tokenizer.status().message().empty());
    return 0;
  }
  for (const absl::string_view text : {"", "How do I  reset it? [MASK] <mask>",
                                       "e\u0301 \uff26 \u91cd\u7f6e\u3000\U0001f642", "\xff\xe4\xb8 a"}) {
    senvec::CheckText(**tokenizer, text, 3);
    const senvec::TokenizeOptions options = {.want_offsets = true};
    senvec::CheckEncoding(**tokenizer, (*tokenizer)->EncodePair(text, "ab", options), options, text, "ab");
  }
  for (int32_t id = -1; id <= (*tokenizer)->vocab_size() && id < 64; ++id) {
    const std::string token = (*tokenizer)->IdToToken(id);
    if (!token.empty()) SENVEC_CHECK((*tokenizer)->TokenToId(token) >= 0);
  }
  return 0;
}
