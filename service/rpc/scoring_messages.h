#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "retrieval/meaning_search.h"
#include "scoring/scoring_file.h"
#include "senvec/v1/collection.pb.h"
#include "service/rpc/collection_messages.h"
#include "service/rpc/rpc_context.h"

namespace senvec {

// Between messages and what scoring is made of. Errors name the field, its value and what is allowed.

// `base` with what `parameters` sets; `field` is their name.
absl::StatusOr<MarginOptions> MarginOf(const v1::MarginParameters& parameters, const MarginOptions& base,
                                       absl::string_view field);
v1::MarginParameters MarginMessage(const MarginOptions& options);

absl::StatusOr<ScoringFile> ScoringFileOf(const v1::CollectionScoring& message);
v1::CollectionScoring ScoringMessage(const ScoringFile& scoring);

// Whether a search is for meanings rather than documents; checks what it says of scoring and grouping.
absl::StatusOr<bool> IsForMeanings(const v1::SearchRequest& request);

// What SCORING_CSLS asks of a search.
absl::Status TakeHubCorrection(const v1::SearchRequest& request, const RpcLimits& limits, SearchOptions& options);

// How meanings are searched for. `calibrated`: the collection's scoring, if it has one.
absl::StatusOr<MeaningSearchOptions> MeaningOptionsOf(const v1::SearchRequest& request,
                                                      const std::optional<ScoringFile>& calibrated, const RpcLimits& limits);

// Adds one query's meanings and returns about how many bytes they have in an answer. Takes the strings of `result`.
int64_t AddMeanings(MeaningResult&& result, bool with_margin, const DocumentParts& parts,
                    v1::SearchResponse::Hits* list);

}  // namespace senvec
