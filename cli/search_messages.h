#pragma once

#include "absl/status/statusor.h"
#include "cli/search_ask.h"
#include "senvec/v1/collection.pb.h"

namespace senvec {

// What is asked, as a message without collection and queries.
v1::SearchRequest SearchMessage(const SearchAsk& ask);
// Unimplemented when the server did not know what it was asked.
absl::StatusOr<SearchAnswer> AnswerOf(const v1::SearchResponse& response, const SearchAsk& ask);

}  // namespace senvec
