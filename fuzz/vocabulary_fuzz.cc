// A vocabulary learnt from any bytes: entries that differ, a tokenizer.json that our tokenizer reads, and no unknown token
// where every character is in.
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/hash.h"
#include "encoder/tokenizer/tokenizer.h"
#include "train/data/vocabulary.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static senvec::ThreadPool pool(1);
  const bool lowercase = size % 2 == 0;
  const senvec::VocabularyOptions options = {.size = 4096, .min_frequency = 1, .lowercase = lowercase};
  static senvec::WordCounter counters[2] = {senvec::WordCounter({.lowercase = false}), senvec::WordCounter({.lowercase = true})};
  senvec::WordCounter& counter = counters[lowercase];
  counter.Clear();
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> texts = absl::StrSplit(bytes, '\n');
  counter.Add(texts, pool);
  const auto vocabulary = senvec::LearnVocabulary(counter.words(), options);
  SENVEC_CHECK(vocabulary.ok() == !counter.words().empty());
  if (!vocabulary.ok()) return 0;
  SENVEC_CHECK(std::set<std::string>(vocabulary->tokens.begin(), vocabulary->tokens.end()).size() == vocabulary->tokens.size());
  // A tokenizer's tables take longer to make than all the rest.
  constexpr uint64_t kOneIn = 32;
  if (senvec::Checksum64(bytes) % kOneIn != 0) return 0;
  const auto tokenizer = senvec::Tokenizer::FromJson(senvec::FormatTokenizerJson(vocabulary->tokens, options), "fuzz");
  SENVEC_CHECK(tokenizer.ok() && (*tokenizer)->vocab_size() == static_cast<int32_t>(vocabulary->tokens.size()));
  // Words longer than the model's limit are unknown whatever the vocabulary is.
  constexpr size_t kLongWord = 100;
  for (const auto& [word, count] : counter.words()) {
    if (word.size() > kLongWord || vocabulary->unknown_words > 0) continue;
    const std::vector<int32_t> ids = (*tokenizer)->Encode(word, {.add_special_tokens = false}).ids;
    for (const int32_t id : ids) SENVEC_CHECK((*tokenizer)->IdToToken(id) != "[UNK]");
  }
  return 0;
}
