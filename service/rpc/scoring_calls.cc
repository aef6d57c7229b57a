#include "service/rpc/scoring_calls.h"

#include <memory>

#include "base/status_macros.h"
#include "retrieval/collection_scoring.h"
#include "service/rpc/scoring_messages.h"

namespace senvec {

absl::Status HandleSetScoring(const RpcContext& context, const v1::SetScoringRequest& request,
                              v1::SetScoringResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const std::shared_ptr<Collection> collection, context.store->Get(request.collection()));
  if (!request.has_scoring()) return RemoveScoring(*collection);
  SENVEC_ASSIGN_OR_RETURN(const ScoringFile scoring, ScoringFileOf(request.scoring()));
  SENVEC_RETURN_IF_ERROR(SetScoring(*collection, scoring));
  *response->mutable_scoring() = ScoringMessage(scoring);
  return absl::OkStatus();
}

}  // namespace senvec
