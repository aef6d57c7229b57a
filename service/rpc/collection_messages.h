#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "encoder/sentence_encoder.h"
#include "index/collection_store.h"
#include "senvec/v1/collection.pb.h"

namespace senvec {

// Between messages and what collections are made of. Errors name the field, its value and what is allowed.

absl::StatusOr<CollectionOptions> OptionsOf(const v1::CreateCollectionRequest& request, const SentenceEncoder& encoder);
absl::StatusOr<WriteOptions> WriteOptionsOf(v1::Durability durability);

// With the aliases among `aliases` that point to it.
v1::Collection CollectionMessage(const Collection& collection, const std::vector<CollectionStore::Alias>& aliases);
v1::CollectionStats StatsMessage(const CollectionStats& stats);

// Which parts of documents an answer has, beside ids and groups.
struct DocumentParts {
  bool text = true;
  bool metadata = true;
  bool vector = false;
};
// "with_text" and the like of any request that has them.
template <typename Request>
DocumentParts PartsOf(const Request& request) {
  return {.text = !request.has_with_text() || request.with_text(),
          .metadata = !request.has_with_metadata() || request.with_metadata()};
}

// Takes the strings of `document`.
v1::Document DocumentMessage(Document&& document, const DocumentParts& parts);
// Returns about how many bytes the hit has in an answer. Takes the strings of `hit`.
int64_t FillHit(Hit&& hit, const DocumentParts& parts, v1::Hit* message);

}  // namespace senvec
