#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/collection.h"

namespace senvec {

// A folder of collections, locked against other processes for the object's life.
//
// Thread-safe. A dropped collection lives until its last user lets go. Get() and List() never wait for the disk.
class CollectionStore {
 public:
  virtual ~CollectionStore() = default;
  // Opens `directory`, making it when absent, and every collection in it. FailedPrecondition when another process
  // holds the lock (its process id is named). A damaged collection does not stop the others: it is listed in
  // damaged() and answers with its error.
  static absl::StatusOr<std::unique_ptr<CollectionStore>> Open(const std::string& directory,
                                                               const CollectionRuntime& runtime = {});

  // AlreadyExists also for the name of an alias.
  virtual absl::StatusOr<std::shared_ptr<Collection>> Create(const CollectionOptions& options) = 0;
  // By name or alias. NotFound names the collection and lists those there are.
  virtual absl::StatusOr<std::shared_ptr<Collection>> Get(absl::string_view name) const = 0;
  virtual std::vector<std::string> List() const = 0;  // sorted, without aliases
  // FailedPrecondition names the aliases that still point to it.
  virtual absl::Status Drop(absl::string_view name) = 0;

  struct Alias {
    std::string name;
    std::string collection;
  };
  // Points `alias` to a collection, atomically, on disk when the call returns; "" removes it. AlreadyExists when a
  // collection has that name, NotFound when there is no such collection or alias.
  virtual absl::Status SetAlias(const std::string& alias, const std::string& collection) = 0;
  virtual std::vector<Alias> Aliases() const = 0;  // by name

  // Copies the snapshot in folder `directory` in as the new collection `name`, once every file has passed its checksum.
  virtual absl::StatusOr<std::shared_ptr<Collection>> Restore(const std::string& directory, const std::string& name) = 0;

  struct Damaged {
    std::string name;
    absl::Status status;
  };
  virtual std::vector<Damaged> damaged() const = 0;
};

}  // namespace senvec
