#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "index/collection.h"

namespace senvec {

// COLLECTION.json, which makes a folder a collection: written once, when it is made.
struct CollectionFile {
  CollectionOptions options;
  std::string uuid;  // 32 hexadecimal digits, drawn when the collection was made
};

constexpr char kCollectionFileName[] = "COLLECTION.json";

// Name of the folder that holds the collection's KvStore. It is the collection's own: a library that still has a dropped
// collection open must not take the files of another one in its place for its own, which it would delete.
std::string StoreFolder(const CollectionFile& file);

std::string SerializeCollectionFile(const CollectionFile& file);
// DataLoss names `where` and the fault; FailedPrecondition for another format.
absl::StatusOr<CollectionFile> ParseCollectionFile(absl::string_view text, absl::string_view where);

// Gives the collection in `directory`, which nobody has open, another name.
absl::Status RenameCollection(const std::string& directory, const std::string& name);

}  // namespace senvec
