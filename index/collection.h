#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "index/vector/mutable_index.h"

namespace senvec {

// What a collection remembers of how its vectors were made, so that it is never searched with another model.
struct CollectionOptions {
  std::string name;  // [A-Za-z0-9_.-]{1,128}, not starting with '.'
  VectorIndexOptions index;
  std::string model_fingerprint;
  std::string whitening_fingerprint;  // empty = none
  std::string model_directory;        // where the builder read the model; a hint for the command line
  std::string whitening_path;         // likewise
  std::string query_prompt;    // text put before a query
  std::string passage_prompt;  // text put before a document

  absl::Status Validate() const;
};

struct Document {
  std::string id;             // 1 to 512 bytes of UTF-8 without NUL; unique in the collection
  std::string text;           // UTF-8; may be empty
  std::string metadata_json;  // a JSON object in UTF-8; empty = {}
  std::vector<float> vector;  // dim
};

struct Hit {
  std::string id;
  float score = 0;  // see Neighbor::score
  std::string text;
  std::string metadata_json;
};

// Documents with ids, texts, metadata and vectors, searched by vector.
//
// Thread-safe: many readers, one writer at a time. A write that returned OK is seen by the next search.
class Collection {
 public:
  virtual ~Collection() = default;

  // A new, empty collection in folder `directory`. AlreadyExists when one is there.
  static absl::StatusOr<std::unique_ptr<Collection>> Create(const std::string& directory,
                                                            const CollectionOptions& options);
  // Opens a saved one. NotFound; DataLoss with file and reason when it is damaged; FailedPrecondition when another
  // process holds the folder or the format is newer.
  static absl::StatusOr<std::unique_ptr<Collection>> Open(const std::string& directory);
  // The same for searching alone: writes nothing, so that the folder may be read-only, and lets others read as well.
  // Upsert() and Delete() fail with FailedPrecondition.
  static absl::StatusOr<std::unique_ptr<Collection>> OpenForReading(const std::string& directory);

  virtual const CollectionOptions& options() const = 0;
  virtual int64_t size() const = 0;

  // Inserts or replaces by id; all or nothing. InvalidArgument names the document's position, id and fault.
  // Returns how many were new.
  virtual absl::StatusOr<int64_t> Upsert(absl::Span<const Document> documents) = 0;
  // Unknown ids are ignored; returns how many were removed.
  virtual absl::StatusOr<int64_t> Delete(absl::Span<const std::string> ids) = 0;
  // In the order of `ids`; nullopt for an unknown one.
  virtual absl::StatusOr<std::vector<std::optional<Document>>> Get(
      absl::Span<const std::string> ids) const = 0;
  // Documents in ascending order of id, after `after_id` ("" = from the start), at most `limit`.
  virtual absl::StatusOr<std::vector<Document>> Scan(absl::string_view after_id, int32_t limit) const = 0;

  // queries: n × dim; see MutableIndex::Search().
  virtual absl::StatusOr<std::vector<std::vector<Hit>>> Search(absl::Span<const float> queries,
                                                               int32_t k) const = 0;

  // Writes everything to disk atomically; a crash in between leaves the last saved state.
  virtual absl::Status Save() = 0;

  // Renames the folder, once a save at work is through. From then on Save() writes nothing, whatever is at the old
  // place: another collection may be. On error all is as it was.
  virtual absl::Status Retire(const std::string& new_directory) = 0;
};

// A folder of collections, locked against other processes for the object's life.
//
// Thread-safe. A dropped collection lives until its last user lets go. Get() and List() never wait for the disk.
class CollectionStore {
 public:
  virtual ~CollectionStore() = default;
  // Opens `directory`, making it when absent, and every collection in it. FailedPrecondition when another process
  // holds the lock (its process id is named). A damaged collection does not stop the others: it is listed in
  // damaged() and answers with its error.
  static absl::StatusOr<std::unique_ptr<CollectionStore>> Open(const std::string& directory);

  virtual absl::StatusOr<std::shared_ptr<Collection>> Create(const CollectionOptions& options) = 0;
  // NotFound names the collection and lists those there are.
  virtual absl::StatusOr<std::shared_ptr<Collection>> Get(absl::string_view name) const = 0;
  virtual std::vector<std::string> List() const = 0;  // sorted
  virtual absl::Status Drop(absl::string_view name) = 0;
  struct Damaged {
    std::string name;
    absl::Status status;
  };
  virtual std::vector<Damaged> damaged() const = 0;
  virtual absl::Status SaveAll() = 0;
};

}  // namespace senvec
