#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "encoder/sentence_encoder.h"
#include "senvec/v1/collection.pb.h"
#include "senvec/v1/embedding.pb.h"
#include "service/rpc/embed_task.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Checks of what clients send. Every error names the field, its value and what is allowed.

// `what` is the field's name; 1 to max_texts.
absl::Status CheckCount(absl::string_view what, int64_t count, const RpcLimits& limits);
// At most max_text_bytes.
absl::Status CheckLength(absl::string_view what, absl::string_view text, const RpcLimits& limits);
// Neither blank (nothing but white space) nor too long.
absl::Status CheckText(absl::string_view what, absl::string_view text, const RpcLimits& limits);

// `dim` finite values, not all zero where `metric` is cosine.
absl::Status CheckVector(absl::string_view what, const v1::Vector& vector, const VectorIndexOptions& options);
// k, and queries × k.
absl::Status CheckHits(int64_t num_queries, int32_t k, const RpcLimits& limits);
// What a client is told whose answer would have more than max_answer_bytes.
absl::Status AnswerTooLarge(absl::string_view remedy, const RpcLimits& limits);

// The text that goes before each sentence: the request's, or the model's default.
absl::StatusOr<std::string> PromptOf(const v1::Prompt& prompt, bool is_set, const SentenceEncoder& encoder);

// A name that becomes a folder: as Collection.name. `what` is the field.
absl::Status CheckName(absl::string_view what, absl::string_view name);

v1::Timings TimingsMessage(const EmbedResult& embedded, absl::Duration search, absl::Duration total);

// Whether the server's model may encode for the collection.
absl::Status CheckModel(const CollectionOptions& options, const ModelInfo& model);

}  // namespace senvec
