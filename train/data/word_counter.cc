#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "encoder/tokenizer/bert_normalizer.h"
#include "encoder/tokenizer/code_points.h"
#include "encoder/tokenizer/pre_tokenizer.h"
#include "encoder/tokenizer/utf8.h"
#include "train/data/vocabulary.h"

namespace senvec {

absl::Status VocabularyOptions::Validate() const {
  constexpr int32_t kSmallest = 256, kLargest = 1 << 20;
  if (size < kSmallest || size > kLargest) {
    return absl::InvalidArgumentError(absl::StrCat("size is ", size, "; it must be in [", kSmallest, ", ", kLargest, "]"));
  }
  if (min_frequency < 1) return absl::InvalidArgumentError(absl::StrCat("min_frequency is ", min_frequency, "; it must be at least 1"));
  return absl::OkStatus();
}

struct WordCounter::Steps {
  explicit Steps(bool lowercase)
      : normalizer(MakeBertNormalizer({.strip_accents = lowercase, .lowercase = lowercase}, flags)),
        pre_tokenizer(MakeBertPreTokenizer(flags)) {}
  const CodePointFlags flags;
  const std::unique_ptr<const Normalizer> normalizer;
  const std::unique_ptr<const PreTokenizer> pre_tokenizer;
};

WordCounter::WordCounter(const VocabularyOptions& options) : steps_(std::make_unique<Steps>(options.lowercase)) {}

WordCounter::~WordCounter() = default;

void WordCounter::Add(absl::Span<const std::string> texts, ThreadPool& pool) {
  const size_t parts = std::min<size_t>(texts.size(), static_cast<size_t>(pool.num_threads()) * 4);
  std::vector<absl::flat_hash_map<std::string, int64_t>> counts(parts);
  pool.ParallelFor(parts, [&](size_t part) {
    NormalizedText in, out;
    const size_t begin = texts.size() * part / parts, end = texts.size() * (part + 1) / parts;
    for (size_t i = begin; i < end; ++i) {
      in.text = IsValidUtf8(texts[i]) ? texts[i] : RepairUtf8(texts[i]).text;
      out.Clear(false);
      steps_->normalizer->Normalize(in, out);
      steps_->pre_tokenizer->Split(out, true, [&](size_t from, size_t to) {
        ++counts[part][absl::string_view(out.text).substr(from, to - from)];
      });
    }
  });
  for (const auto& part : counts) {
    for (const auto& [word, count] : part) words_[word] += count;
  }
}

}  // namespace senvec
