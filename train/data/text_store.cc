#include "train/data/text_store.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace senvec {
namespace {

constexpr int32_t kNarrowVocabulary = 1 << 16;
constexpr int32_t kBlock = 4096;  // texts that are tokenised between two writes

bool IsPart(absl::Span<const int32_t> ids, size_t at, absl::Span<const int32_t> part) {
  return ids.size() - at >= part.size() && std::equal(part.begin(), part.end(), ids.begin() + at);
}

absl::Status Unexpected() {
  return absl::UnimplementedError("the tokenizer's template does not keep the tokens of a text together");
}

}  // namespace

absl::StatusOr<SequenceFrame> SequenceFrame::Of(const Tokenizer& tokenizer) {
  const TokenizeOptions bare = {.add_special_tokens = false};
  const std::vector<int32_t> probe = tokenizer.Encode("a", bare).ids;
  const Encoding one = tokenizer.Encode("a", {});
  const Encoding two = tokenizer.EncodePair("a", "a", {});
  SequenceFrame frame;
  size_t at = 0;
  while (at < one.ids.size() && !IsPart(one.ids, at, probe)) ++at;
  if (probe.empty() || at == one.ids.size()) return Unexpected();
  frame.before.assign(one.ids.begin(), one.ids.begin() + at);
  frame.after.assign(one.ids.begin() + at + probe.size(), one.ids.end());
  frame.type_a = one.type_ids[at];

  size_t first = 0;
  while (first < two.ids.size() && !IsPart(two.ids, first, probe)) ++first;
  size_t second = std::min(first + probe.size(), two.ids.size());
  while (second < two.ids.size() && !IsPart(two.ids, second, probe)) ++second;
  if (second == two.ids.size()) return Unexpected();
  const size_t middle = first + probe.size(), end = second + probe.size();
  frame.pair_before.assign(two.ids.begin(), two.ids.begin() + first);
  frame.pair_middle.assign(two.ids.begin() + middle, two.ids.begin() + second);
  frame.pair_after.assign(two.ids.begin() + end, two.ids.end());
  frame.pair_before_types.assign(two.type_ids.begin(), two.type_ids.begin() + first);
  frame.pair_middle_types.assign(two.type_ids.begin() + middle, two.type_ids.begin() + second);
  frame.pair_after_types.assign(two.type_ids.begin() + end, two.type_ids.end());
  frame.type_b = two.type_ids[second];
  return frame;
}

int32_t TextStore::Add(absl::string_view text) {
  SENVEC_CHECK(token_ends_.empty());
  const Hash128 hash = Checksum128(text);
  const auto [known, is_new] = known_.try_emplace({hash.low, hash.high}, size());
  if (!is_new) return known->second;
  SENVEC_CHECK(text_ends_.size() < static_cast<size_t>(std::numeric_limits<int32_t>::max()));
  bytes_.append(text.data(), text.size());
  text_ends_.push_back(bytes_.size());
  hashes_.push_back(hash.low);
  return known->second;
}

void TextStore::Tokenize(const Tokenizer& tokenizer, absl::string_view prompt, int32_t max_tokens, ThreadPool& pool) {
  SENVEC_CHECK(token_ends_.empty());
  known_ = {};
  const bool narrow = tokenizer.vocab_size() <= kNarrowVocabulary;
  token_ends_.reserve(text_ends_.size());
  full_tokens_.reserve(text_ends_.size());
  std::vector<std::vector<int32_t>> block(kBlock);
  for (int32_t begin = 0; begin < size(); begin += kBlock) {
    const int32_t count = std::min(kBlock, size() - begin);
    pool.ParallelFor(count, [&](size_t i) {
      const absl::string_view plain = text(begin + static_cast<int32_t>(i));
      const TokenizeOptions options = {.add_special_tokens = false};
      block[i] = prompt.empty() ? tokenizer.Encode(plain, options).ids
                                : tokenizer.Encode(absl::StrCat(prompt, plain), options).ids;
    });
    for (int32_t i = 0; i < count; ++i) {
      const std::vector<int32_t>& ids = block[i];
      const size_t kept = std::min<size_t>(ids.size(), max_tokens);
      full_tokens_.push_back(static_cast<int32_t>(ids.size()));
      if (narrow) narrow_.insert(narrow_.end(), ids.begin(), ids.begin() + kept);
      if (!narrow) wide_.insert(wide_.end(), ids.begin(), ids.begin() + kept);
      token_ends_.push_back(narrow_.size() + wide_.size());
    }
  }
  narrow_.shrink_to_fit();
  wide_.shrink_to_fit();
}

absl::string_view TextStore::text(int32_t i) const {
  const uint64_t begin = i == 0 ? 0 : text_ends_[i - 1];
  return absl::string_view(bytes_).substr(begin, text_ends_[i] - begin);
}

int32_t TextStore::num_tokens(int32_t i) const {
  return static_cast<int32_t>(token_ends_[i] - (i == 0 ? 0 : token_ends_[i - 1]));
}

void TextStore::AppendTokens(int32_t i, int32_t count, std::vector<int32_t>& out) const {
  SENVEC_CHECK(count <= num_tokens(i));
  const uint64_t begin = i == 0 ? 0 : token_ends_[i - 1];
  if (!wide_.empty()) {
    out.insert(out.end(), wide_.begin() + begin, wide_.begin() + begin + count);
  } else {
    out.insert(out.end(), narrow_.begin() + begin, narrow_.begin() + begin + count);
  }
}

size_t TextStore::memory_bytes() const {
  const auto of = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return bytes_.capacity() + of(text_ends_) + of(hashes_) + of(token_ends_) + of(full_tokens_) + of(narrow_) + of(wide_) +
         known_.capacity() * (sizeof(std::pair<uint64_t, uint64_t>) + sizeof(int64_t) + 1);
}

}  // namespace senvec
