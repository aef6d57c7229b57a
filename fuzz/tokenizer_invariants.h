#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "base/check.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {

// What holds for every text, every tokenizer and every option. Aborts when it does not.
inline void CheckEncoding(const Tokenizer& tokenizer, const Encoding& encoding, const TokenizeOptions& options,
                          absl::string_view first, absl::string_view second) {
  SENVEC_CHECK(encoding.type_ids.size() == encoding.ids.size());
  SENVEC_CHECK(encoding.num_truncated >= 0);
  if (options.max_tokens > 0) SENVEC_CHECK(encoding.ids.size() <= static_cast<size_t>(options.max_tokens));
  for (int32_t id : encoding.ids) SENVEC_CHECK(id >= 0 && id < tokenizer.vocab_size());
  SENVEC_CHECK(encoding.offsets.size() == (options.want_offsets ? encoding.ids.size() : 0));
  const size_t longest = std::max(first.size(), second.size());
  for (const ByteSpan& span : encoding.offsets) {
    SENVEC_CHECK(span.begin <= span.end && span.end <= longest);
  }
}

// Offsets are a by-product: asking for them changes no id, and a limit only cuts.
inline void CheckText(const Tokenizer& tokenizer, absl::string_view text, int32_t max_tokens) {
  const TokenizeOptions bare = {.add_special_tokens = false};
  const TokenizeOptions spans = {.add_special_tokens = false, .want_offsets = true};
  const Encoding whole = tokenizer.Encode(text, bare);
  CheckEncoding(tokenizer, whole, bare, text, {});
  const Encoding with_offsets = tokenizer.Encode(text, spans);
  CheckEncoding(tokenizer, with_offsets, spans, text, {});
  SENVEC_CHECK(with_offsets.ids == whole.ids && whole.num_truncated == 0);

  const TokenizeOptions cut = {.max_tokens = max_tokens, .add_special_tokens = false};
  const Encoding head = tokenizer.Encode(text, cut);
  CheckEncoding(tokenizer, head, cut, text, {});
  SENVEC_CHECK(head.ids.size() + static_cast<size_t>(head.num_truncated) == whole.ids.size());
  SENVEC_CHECK(std::equal(head.ids.begin(), head.ids.end(), whole.ids.begin()));
}

}  // namespace senvec
