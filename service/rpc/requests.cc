#include "service/rpc/requests.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// ASCII white space and the ideographic space.
bool IsBlank(absl::string_view text) {
  constexpr absl::string_view kIdeographicSpace = "\xE3\x80\x80";
  while (!text.empty()) {
    if (absl::StartsWith(text, kIdeographicSpace)) {
      text.remove_prefix(kIdeographicSpace.size());
    } else if (absl::string_view(" \t\r\n\v\f").find(text[0]) != absl::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::Status CheckCount(absl::string_view what, int64_t count, const RpcLimits& limits) {
  if (count >= 1 && count <= limits.max_texts) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " has ", count, " elements; a call takes 1 to ", limits.max_texts, count == 0 ? "" : ", so split it"));
}

absl::Status CheckLength(absl::string_view what, absl::string_view text, const RpcLimits& limits) {
  if (static_cast<int64_t>(text.size()) <= limits.max_text_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", text.size(), " bytes; at most ", limits.max_text_bytes,
                                                 " are taken, so cut it into passages"));
}

absl::Status CheckText(absl::string_view what, absl::string_view text, const RpcLimits& limits) {
  // The length first: a blank text of any size costs nothing.
  SENVEC_RETURN_IF_ERROR(CheckLength(what, text, limits));
  if (!IsBlank(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, text.empty() ? " is empty" : " is blank", "; it must have text"));
}

absl::Status CheckVector(absl::string_view what, const v1::Vector& vector, const VectorIndexOptions& options) {
  if (vector.values_size() != options.dim) {
    return absl::InvalidArgumentError(absl::StrCat(what, " has ", vector.values_size(),
                                                   " values; the collection's vectors have ", options.dim));
  }
  bool is_zero = true;
  for (int i = 0; i < vector.values_size(); ++i) {
    const float value = vector.values(i);
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(absl::StrCat(what, " value ", i, " is ", value, "; values must be finite"));
    }
    is_zero = is_zero && value == 0;
  }
  if (!is_zero || options.metric != Metric::kCosine) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is a zero vector, which has no direction for metric cosine"));
}

absl::Status CheckHits(int64_t num_queries, int32_t k, const RpcLimits& limits) {
  if (k < 1 || k > limits.max_k) {
    return absl::InvalidArgumentError(absl::StrCat("k is ", k, "; it must be in [1, ", limits.max_k, "]"));
  }
  if (num_queries * k <= limits.max_hits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(num_queries, " queries with k = ", k, " ask for ", num_queries * k,
                                                 " hits; a call takes at most ", limits.max_hits,
                                                 ", so lower k or split the queries over several calls"));
}

absl::Status AnswerTooLarge(absl::string_view remedy, const RpcLimits& limits) {
  return absl::InvalidArgumentError(absl::StrCat("the answer would have more than ", limits.max_answer_bytes,
                                                 " bytes (the server's setting max_answer_bytes); ", remedy));
}

absl::StatusOr<std::string> PromptOf(const v1::Prompt& prompt, bool is_set, const SentenceEncoder& encoder) {
  if (!is_set || prompt.prompt_case() == v1::Prompt::PROMPT_NOT_SET) {
    return encoder.Prompt(encoder.info().default_prompt_name);
  }
  if (prompt.prompt_case() == v1::Prompt::kText) return prompt.text();
  absl::StatusOr<std::string> text = encoder.Prompt(prompt.name());
  if (!text.ok()) return absl::InvalidArgumentError(absl::StrCat("prompt.name: ", text.status().message()));
  return text;
}

absl::Status CheckName(absl::string_view what, absl::string_view name) {
  constexpr size_t kMaxBytes = 128;
  const bool is_good = !name.empty() && name.size() <= kMaxBytes && name[0] != '.' &&
                       std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || absl::StrContains("_.-", c); });
  if (is_good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is \"", absl::CHexEscape(name),
                                                 "\"; it must be 1 to 128 of A-Z a-z 0-9 _ . - and not begin with '.'"));
}

v1::Timings TimingsMessage(const EmbedResult& embedded, absl::Duration search, absl::Duration total) {
  v1::Timings timings;
  timings.set_tokenize_us(absl::ToInt64Microseconds(embedded.tokenize));
  timings.set_queue_us(absl::ToInt64Microseconds(embedded.queue));
  timings.set_encode_us(absl::ToInt64Microseconds(embedded.encode));
  timings.set_search_us(absl::ToInt64Microseconds(search));
  timings.set_total_us(absl::ToInt64Microseconds(total));
  return timings;
}

absl::Status CheckModel(const CollectionOptions& options, const ModelInfo& model) {
  if (options.model_fingerprint == model.fingerprint && options.whitening_fingerprint == model.whitening_fingerprint) {
    return absl::OkStatus();
  }
  const auto name = [](const std::string& fingerprint) { return fingerprint.empty() ? "none" : fingerprint; };
  return absl::FailedPreconditionError(absl::StrCat(
      "collection \"", options.name, "\" was made with model ", name(options.model_fingerprint), " and whitening ",
      name(options.whitening_fingerprint), "; this server has model ", name(model.fingerprint), " and whitening ",
      name(model.whitening_fingerprint),
      options.model_directory.empty() ? "" : absl::StrCat(" (it was made from ", options.model_directory, ")"),
      ". Start the server with that model, send vectors instead of texts, or build the collection again"));
}

}  // namespace senvec
