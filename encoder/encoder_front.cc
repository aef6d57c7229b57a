#include "encoder/encoder_front.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr size_t kTextsPerTask = 64;

}  // namespace

EncoderFront::EncoderFront(ModelInfo info, std::unique_ptr<const Tokenizer> tokenizer, const Limits& limits,
                           ThreadPool* pool)
    : info_(std::move(info)), tokenizer_(std::move(tokenizer)), limits_(limits), pool_(pool) {}

absl::StatusOr<std::string> EncoderFront::Prompt(absl::string_view name) const {
  if (name.empty() || name == "none") return std::string();
  const auto& prompts = info_.prompts;
  auto found = prompts.find(std::string(name));
  // sentence-transformers calls it "document", the E5 family "passage".
  if (found == prompts.end() && name == "passage") found = prompts.find("document");
  if (found != prompts.end()) return found->second;
  std::string known = "none";
  for (const auto& [prompt, text] : prompts) absl::StrAppend(&known, ", ", prompt);
  return absl::NotFoundError(absl::StrCat("the model has no prompt \"", name, "\"; it has ", known));
}

absl::StatusOr<Encoding> EncoderFront::Tokenize(absl::string_view prompt, absl::string_view text,
                                                int32_t max_tokens) const {
  const int32_t limit = info_.max_tokens;
  const int32_t lowest = tokenizer_->num_special_tokens();
  if (max_tokens == 0) max_tokens = limit;
  if (max_tokens > limit || max_tokens < lowest) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tokens is ", max_tokens, "; for this model it must be in [", lowest, ", ", limit, "]"));
  }
  const TokenizeOptions options = {.max_tokens = max_tokens};
  if (prompt.empty()) return tokenizer_->Encode(text, options);
  return tokenizer_->Encode(absl::StrCat(prompt, text), options);
}

absl::Status EncoderFront::Check(absl::Span<const Encoding* const> sentences) const {
  for (size_t i = 0; i < sentences.size(); ++i) SENVEC_RETURN_IF_ERROR(CheckOne(*sentences[i], i));
  return absl::OkStatus();
}

absl::Status EncoderFront::CheckOne(const Encoding& sentence, size_t index) const {
  const auto fault = [index](const auto&... what) {
    return absl::InvalidArgumentError(absl::StrCat("sentence ", index, ": ", what...));
  };
  if (sentence.ids.empty()) return fault("no tokens");
  if (sentence.ids.size() > static_cast<size_t>(limits_.positions)) {
    return fault(sentence.ids.size(), " tokens; the model has positions for ", limits_.positions);
  }
  if (sentence.type_ids.size() != sentence.ids.size()) {
    return fault(sentence.ids.size(), " ids but ", sentence.type_ids.size(), " type ids");
  }
  for (int32_t id : sentence.ids) {
    if (id < 0 || id >= limits_.vocab_size) return fault("token id ", id, " is not in [0, ", limits_.vocab_size, ")");
  }
  for (int32_t type : sentence.type_ids) {
    if (type < 0 || type >= limits_.type_vocab_size) {
      return fault("type id ", type, " is not in [0, ", limits_.type_vocab_size, ")");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SentenceEncoder::TextsResult> EncoderFront::EncodeTexts(
    absl::Span<const std::string> texts, absl::string_view prompt, const EncodeOptions& options) const {
  std::vector<Encoding> encodings(texts.size());
  const size_t tasks = (texts.size() + kTextsPerTask - 1) / kTextsPerTask;
  pool_->ParallelFor(tasks, [&](size_t task) {
    const size_t end = std::min(texts.size(), (task + 1) * kTextsPerTask);
    for (size_t i = task * kTextsPerTask; i < end; ++i) {
      encodings[i] = *Tokenize(prompt, texts[i], 0);  // 0 is always in range
    }
  });
  TextsResult result;
  std::vector<const Encoding*> sentences;
  for (const Encoding& encoding : encodings) {
    sentences.push_back(&encoding);
    result.num_tokens.push_back(static_cast<int32_t>(encoding.ids.size()));
    result.num_truncated.push_back(encoding.num_truncated);
  }
  result.rows.resize(texts.size() * info_.dim);
  SENVEC_RETURN_IF_ERROR(Encode(sentences, options, absl::MakeSpan(result.rows)));
  return result;
}

}  // namespace senvec
