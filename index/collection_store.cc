#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "index/collection.h"
#include "index/directory_lock.h"
#include "index/manifest.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

constexpr char kDroppedPrefix[] = ".dropped-";

class CollectionStoreImpl : public CollectionStore {
 public:
  CollectionStoreImpl(std::string directory, std::unique_ptr<DirectoryLock> lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  absl::Status OpenAll();
  absl::StatusOr<std::shared_ptr<Collection>> Create(const CollectionOptions& options) override;
  absl::StatusOr<std::shared_ptr<Collection>> Get(absl::string_view name) const override;
  std::vector<std::string> List() const override;
  absl::Status Drop(absl::string_view name) override;
  std::vector<Damaged> damaged() const override;
  absl::Status SaveAll() override;

 private:
  absl::Status Unknown(absl::string_view name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Takes `name` for a call that works on its folder without the lock; waits while another one does.
  void Begin(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves the folder out of the way under a name that is free, and returns that.
  absl::StatusOr<std::string> MoveAway(const std::string& name, Collection* collection) const;

  const std::string directory_;
  const std::unique_ptr<DirectoryLock> lock_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Collection>, std::less<>> collections_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status, std::less<>> damaged_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> at_work_ ABSL_GUARDED_BY(mutex_);  // names between Begin() and the end of the call
};

absl::Status CollectionStoreImpl::OpenAll() {
  MutexLock lock(&mutex_);
  std::error_code error;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    if (entry.is_directory(error)) folders.push_back(entry.path());
  }
  if (error) return ErrnoToStatus(error.value(), absl::StrCat("cannot list ", directory_));
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    // What a drop left behind when it was interrupted.
    if (name.rfind(kDroppedPrefix, 0) == 0) fs::remove_all(folder, error);
    if (name[0] == '.' || !FileExists(JoinPath(folder.string(), kManifestName))) continue;
    absl::StatusOr<std::unique_ptr<Collection>> collection = Collection::Open(folder.string());
    if (collection.ok()) {
      collections_[name] = *std::move(collection);
    } else {
      damaged_[name] = collection.status();
    }
  }
  return absl::OkStatus();
}

absl::Status CollectionStoreImpl::Unknown(absl::string_view name) const {
  if (const auto damaged = damaged_.find(name); damaged != damaged_.end()) {
    return absl::Status(damaged->second.code(),
                        absl::StrCat("collection \"", name, "\" cannot be used: ", damaged->second.message()));
  }
  std::vector<std::string> names;
  for (const auto& [known, collection] : collections_) names.push_back(known);
  return absl::NotFoundError(absl::StrCat("there is no collection \"", name, "\"; ",
                                          names.empty() ? "there is none yet" : absl::StrCat("there are: ", absl::StrJoin(names, ", "))));
}

void CollectionStoreImpl::Begin(absl::string_view name) {
  mutex_.Await([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !at_work_.contains(name); });
  at_work_.emplace(name);
}

absl::StatusOr<std::shared_ptr<Collection>> CollectionStoreImpl::Create(const CollectionOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  {
    MutexLock lock(&mutex_);
    Begin(options.name);
    if (collections_.contains(options.name) || damaged_.contains(options.name)) {
      at_work_.erase(options.name);
      return absl::AlreadyExistsError(absl::StrCat("there is a collection \"", options.name, "\" already"));
    }
  }
  absl::StatusOr<std::unique_ptr<Collection>> created = Collection::Create(JoinPath(directory_, options.name), options);
  MutexLock lock(&mutex_);
  at_work_.erase(options.name);
  SENVEC_RETURN_IF_ERROR(created.status());
  std::shared_ptr<Collection> collection = *std::move(created);
  collections_[options.name] = collection;
  return collection;
}

absl::StatusOr<std::shared_ptr<Collection>> CollectionStoreImpl::Get(absl::string_view name) const {
  ReaderMutexLock lock(&mutex_);
  const auto found = collections_.find(name);
  if (found == collections_.end()) return Unknown(name);
  return found->second;
}

std::vector<std::string> CollectionStoreImpl::List() const {
  ReaderMutexLock lock(&mutex_);
  std::vector<std::string> names;
  for (const auto& [name, collection] : collections_) names.push_back(name);
  return names;
}

absl::StatusOr<std::string> CollectionStoreImpl::MoveAway(const std::string& name, Collection* collection) const {
  std::string gone;
  std::error_code error;
  for (int i = 0; gone.empty() || fs::exists(gone, error); ++i) {
    gone = JoinPath(directory_, absl::StrCat(kDroppedPrefix, i, "-", name));
  }
  if (collection != nullptr) {
    SENVEC_RETURN_IF_ERROR(collection->Retire(gone));
  } else {
    fs::rename(JoinPath(directory_, name), gone, error);
    if (error) return ErrnoToStatus(error.value(), "cannot rename its folder");
  }
  return gone;
}

// The folder is renamed first, so that a crash never leaves half a collection under its name.
absl::Status CollectionStoreImpl::Drop(absl::string_view name_view) {
  const std::string name(name_view);
  std::shared_ptr<Collection> collection;
  {
    MutexLock lock(&mutex_);
    Begin(name);
    const auto found = collections_.find(name);
    if (found == collections_.end() && !damaged_.contains(name)) {
      at_work_.erase(name);
      return Unknown(name);
    }
    if (found != collections_.end()) collection = found->second;
  }
  const absl::StatusOr<std::string> gone = MoveAway(name, collection.get());
  {
    MutexLock lock(&mutex_);
    at_work_.erase(name);
    if (!gone.ok()) {
      return absl::Status(gone.status().code(), absl::StrCat("cannot drop collection \"", name, "\": ", gone.status().message()));
    }
    collections_.erase(name);
    damaged_.erase(name);
  }
  // What is left of it after an error goes when the store is opened next.
  std::error_code ignored;
  fs::remove_all(*gone, ignored);
  return absl::OkStatus();
}

std::vector<CollectionStore::Damaged> CollectionStoreImpl::damaged() const {
  ReaderMutexLock lock(&mutex_);
  std::vector<Damaged> list;
  for (const auto& [name, status] : damaged_) list.push_back({name, status});
  return list;
}

absl::Status CollectionStoreImpl::SaveAll() {
  std::vector<std::shared_ptr<Collection>> collections;
  {
    ReaderMutexLock lock(&mutex_);
    for (const auto& [name, collection] : collections_) collections.push_back(collection);
  }
  // One that fails does not keep the others from being saved.
  absl::Status first = absl::OkStatus();
  for (const auto& collection : collections) {
    absl::Status status = collection->Save();
    if (first.ok() && !status.ok()) {
      first = absl::Status(status.code(), absl::StrCat("saving collection \"", collection->options().name, "\": ", status.message()));
    }
  }
  return first;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CollectionStore>> CollectionStore::Open(const std::string& directory) {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(directory));
  SENVEC_ASSIGN_OR_RETURN(auto lock, DirectoryLock::Acquire(directory));
  auto store = std::make_unique<CollectionStoreImpl>(directory, std::move(lock));
  SENVEC_RETURN_IF_ERROR(store->OpenAll());
  return store;
}

}  // namespace senvec
