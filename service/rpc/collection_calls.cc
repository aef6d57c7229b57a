#include "service/rpc/collection_calls.h"

#include <memory>
#include <optional>
#include <string>

#include "base/status_macros.h"
#include "retrieval/collection_scoring.h"
#include "service/rpc/collection_messages.h"
#include "service/rpc/requests.h"
#include "service/rpc/scoring_messages.h"

namespace senvec {

absl::Status HandleCreateCollection(const RpcContext& context, const v1::CreateCollectionRequest& request,
                                    v1::CreateCollectionResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const CollectionOptions options, OptionsOf(request, *context.encoder));
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Create(options));
  *response->mutable_collection() = CollectionMessage(*collection, {});
  return absl::OkStatus();
}

absl::Status HandleGetCollection(const RpcContext& context, const v1::GetCollectionRequest& request,
                                 v1::GetCollectionResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.name()));
  SENVEC_ASSIGN_OR_RETURN(const CollectionStats stats, collection->Stats());
  *response->mutable_collection() = CollectionMessage(*collection, context.store->Aliases());
  *response->mutable_stats() = StatsMessage(stats);
  SENVEC_ASSIGN_OR_RETURN(const std::optional<ScoringFile> scoring, ScoringOf(*collection));
  if (scoring.has_value()) *response->mutable_collection()->mutable_scoring() = ScoringMessage(*scoring);
  return absl::OkStatus();
}

absl::Status HandleListCollections(const RpcContext& context, const v1::ListCollectionsRequest&,
                                   v1::ListCollectionsResponse* response) {
  const std::vector<CollectionStore::Alias> aliases = context.store->Aliases();
  for (const std::string& name : context.store->List()) {
    // One that was dropped in between is left out.
    const auto collection = context.store->Get(name);
    if (collection.ok()) *response->add_collections() = CollectionMessage(**collection, aliases);
  }
  for (const CollectionStore::Damaged& damaged : context.store->damaged()) {
    v1::ListCollectionsResponse::Damaged* message = response->add_damaged();
    message->set_name(damaged.name);
    message->set_error(std::string(damaged.status.message()));
  }
  return absl::OkStatus();
}

absl::Status HandleDropCollection(const RpcContext& context, const v1::DropCollectionRequest& request,
                                  v1::DropCollectionResponse*) {
  return context.store->Drop(request.name());
}

absl::Status HandleSetAlias(const RpcContext& context, const v1::SetAliasRequest& request, v1::SetAliasResponse*) {
  SENVEC_RETURN_IF_ERROR(CheckName("alias", request.alias()));
  return context.store->SetAlias(request.alias(), request.collection());
}

absl::Status HandleListAliases(const RpcContext& context, const v1::ListAliasesRequest&,
                               v1::ListAliasesResponse* response) {
  for (const CollectionStore::Alias& alias : context.store->Aliases()) {
    v1::ListAliasesResponse::Alias* message = response->add_aliases();
    message->set_alias(alias.name);
    message->set_collection(alias.collection);
  }
  return absl::OkStatus();
}

}  // namespace senvec
