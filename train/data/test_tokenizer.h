#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "encoder/tokenizer/tokenizer.h"
#include "train/data/vocabulary.h"

namespace senvec {

// For tests: a tokenizer whose vocabulary was learnt from these texts.
inline std::unique_ptr<const Tokenizer> TokenizerOf(const std::vector<std::string>& texts) {
  const VocabularyOptions options = {.size = 2000, .min_frequency = 1};
  ThreadPool pool(1);
  WordCounter counter(options);
  counter.Add(texts, pool);
  const auto vocabulary = LearnVocabulary(counter.words(), options);
  SENVEC_CHECK(vocabulary.ok());
  auto tokenizer = Tokenizer::FromJson(FormatTokenizerJson(vocabulary->tokens, options), "test");
  SENVEC_CHECK(tokenizer.ok());
  return *std::move(tokenizer);
}

}  // namespace senvec
