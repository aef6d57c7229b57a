#pragma once

#include <memory>
#include <vector>

#include "encoder/tokenizer/added_tokens.h"
#include "encoder/tokenizer/code_points.h"
#include "encoder/tokenizer/normalizer.h"
#include "encoder/tokenizer/post_template.h"
#include "encoder/tokenizer/pre_tokenizer.h"
#include "encoder/tokenizer/token_model.h"
#include "encoder/tokenizer/tokenizer.h"

namespace senvec {

// What a tokenizer consists of, in the order a text goes through it.
struct TokenizerParts {
  std::unique_ptr<const CodePointFlags> flags;
  std::vector<AddedToken> added_tokens;
  std::unique_ptr<const Normalizer> normalizer;  // may be null
  std::unique_ptr<const PreTokenizer> pre_tokenizer;
  std::unique_ptr<const TokenModel> model;
  PostTemplate post_template;
};

// InvalidArgument when the template names ids that the vocabulary does not have.
absl::StatusOr<std::unique_ptr<const Tokenizer>> MakePipelineTokenizer(TokenizerParts parts, absl::string_view where);

// How many of two texts' tokens stay when together they may have `limit`: the longer is cut first
// ("longest_first"); when both are too long each gets half, the second one the odd token.
struct PairLengths {
  size_t first, second;
};
PairLengths LongestFirst(size_t first, size_t second, size_t limit);

}  // namespace senvec
