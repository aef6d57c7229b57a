#include "service/rpc/requests.h"

#include <cmath>

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

absl::StatusOr<IndexKind> KindOf(v1::IndexKind kind) {
  switch (kind) {
    case v1::INDEX_KIND_UNSPECIFIED:
    case v1::INDEX_KIND_EXACT:
      return IndexKind::kExact;
    case v1::INDEX_KIND_HNSW:
      return IndexKind::kHnsw;
    default:
      return absl::InvalidArgumentError(absl::StrCat("kind is ", static_cast<int>(kind), "; it is INDEX_KIND_EXACT (1) or INDEX_KIND_HNSW (2)"));
  }
}

absl::StatusOr<Metric> MetricOf(v1::Metric metric) {
  switch (metric) {
    case v1::METRIC_UNSPECIFIED:
    case v1::METRIC_COSINE:
      return Metric::kCosine;
    case v1::METRIC_INNER_PRODUCT:
      return Metric::kInnerProduct;
    case v1::METRIC_L2:
      return Metric::kL2;
    default:
      return absl::InvalidArgumentError(absl::StrCat("metric is ", static_cast<int>(metric),
                                                     "; it is METRIC_COSINE (1), METRIC_INNER_PRODUCT (2) or METRIC_L2 (3)"));
  }
}

v1::Metric MetricMessage(Metric metric) {
  return metric == Metric::kCosine ? v1::METRIC_COSINE : metric == Metric::kL2 ? v1::METRIC_L2 : v1::METRIC_INNER_PRODUCT;
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

absl::StatusOr<CollectionOptions> OptionsOf(const v1::CreateCollectionRequest& request, const SentenceEncoder& encoder) {
  CollectionOptions options;
  options.name = request.name();
  SENVEC_ASSIGN_OR_RETURN(options.index.kind, KindOf(request.kind()));
  SENVEC_ASSIGN_OR_RETURN(options.index.metric, MetricOf(request.metric()));
  options.index.dim = encoder.info().dim;
  if (request.m() != 0) options.index.m = request.m();
  if (request.ef_construction() != 0) options.index.ef_construction = request.ef_construction();
  if (request.ef_search() != 0) options.index.ef_search = request.ef_search();
  options.model_fingerprint = encoder.info().fingerprint;
  options.whitening_fingerprint = encoder.info().whitening_fingerprint;
  options.model_directory = encoder.info().directory;
  const auto prompt = [&](bool is_set, const std::string& given, const char* name) {
    if (is_set) return given;
    const absl::StatusOr<std::string> text = encoder.Prompt(name);
    return text.ok() ? *text : std::string();
  };
  options.query_prompt = prompt(request.has_query_prompt(), request.query_prompt(), "query");
  options.passage_prompt = prompt(request.has_passage_prompt(), request.passage_prompt(), "passage");
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return options;
}

v1::Collection CollectionMessage(const Collection& collection) {
  const CollectionOptions& options = collection.options();
  v1::Collection message;
  message.set_name(options.name);
  message.set_kind(options.index.kind == IndexKind::kExact ? v1::INDEX_KIND_EXACT : v1::INDEX_KIND_HNSW);
  message.set_metric(MetricMessage(options.index.metric));
  message.set_dim(options.index.dim);
  message.set_num_documents(collection.size());
  message.set_model_fingerprint(options.model_fingerprint);
  message.set_whitening_fingerprint(options.whitening_fingerprint);
  message.set_query_prompt(options.query_prompt);
  message.set_passage_prompt(options.passage_prompt);
  return message;
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

v1::Document DocumentMessage(const Document& document, bool with_vector) {
  v1::Document message;
  message.set_id(document.id);
  message.set_text(document.text);
  message.set_metadata_json(document.metadata_json);
  if (with_vector) message.mutable_vector()->mutable_values()->Add(document.vector.begin(), document.vector.end());
  return message;
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
