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
#include "index/alias_file.h"
#include "index/collection_file.h"
#include "index/collection_store.h"
#include "index/directory_lock.h"
#include "index/snapshot.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

constexpr char kDroppedPrefix[] = ".dropped-";
constexpr char kRestoringPrefix[] = ".restoring-";

class CollectionStoreImpl : public CollectionStore {
 public:
  CollectionStoreImpl(std::string directory, std::unique_ptr<DirectoryLock> lock, const CollectionRuntime& runtime)
      : directory_(std::move(directory)), lock_(std::move(lock)), runtime_(runtime) {}

  absl::Status OpenAll();
  absl::StatusOr<std::shared_ptr<Collection>> Create(const CollectionOptions& options) override;
  absl::StatusOr<std::shared_ptr<Collection>> Get(absl::string_view name) const override;
  std::vector<std::string> List() const override;
  absl::Status Drop(absl::string_view name) override;
  std::vector<Damaged> damaged() const override;
  absl::Status SetAlias(const std::string& alias, const std::string& collection) override;
  std::vector<Alias> Aliases() const override;
  absl::StatusOr<std::shared_ptr<Collection>> Restore(const std::string& directory, const std::string& name) override;

 private:
  // Takes a name that nothing has yet; AlreadyExists.
  absl::Status BeginNew(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<Collection>> FinishNew(const std::string& name,
                                                        absl::StatusOr<std::unique_ptr<Collection>> created);
  absl::StatusOr<std::unique_ptr<Collection>> CopyIn(const std::string& directory, const std::string& name) const;
  absl::Status Unknown(absl::string_view name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Takes `name` for a call that works on its folder without the lock; waits while another one does.
  void Begin(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves the folder out of the way under a name that is free, and returns that.
  absl::StatusOr<std::string> MoveAway(const std::string& name, Collection* collection) const;

  const std::string directory_;
  const std::unique_ptr<DirectoryLock> lock_;
  const CollectionRuntime runtime_;
  Mutex alias_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);  // one change of the aliases' file at a time
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Collection>, std::less<>> collections_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status, std::less<>> damaged_ ABSL_GUARDED_BY(mutex_);
  AliasMap aliases_ ABSL_GUARDED_BY(mutex_);
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
    if (name.rfind(kDroppedPrefix, 0) == 0 || name.rfind(kRestoringPrefix, 0) == 0) fs::remove_all(folder, error);
    const bool is_collection = FileExists(JoinPath(folder.string(), kCollectionFileName)) ||
                               FileExists(JoinPath(folder.string(), "MANIFEST.json"));
    if (name[0] == '.' || !is_collection) continue;
    absl::StatusOr<std::unique_ptr<Collection>> collection = Collection::Open(folder.string(), runtime_);
    if (collection.ok()) {
      collections_[name] = *std::move(collection);
    } else {
      damaged_[name] = collection.status();
    }
  }
  SENVEC_ASSIGN_OR_RETURN(aliases_, ReadAliases(directory_));
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

absl::Status CollectionStoreImpl::BeginNew(const std::string& name) {
  Begin(name);
  const bool is_alias = aliases_.contains(name);
  if (!collections_.contains(name) && !damaged_.contains(name) && !is_alias) return absl::OkStatus();
  at_work_.erase(name);
  return absl::AlreadyExistsError(
      absl::StrCat("there is ", is_alias ? "an alias" : "a collection", " \"", name, "\" already"));
}

absl::StatusOr<std::shared_ptr<Collection>> CollectionStoreImpl::FinishNew(
    const std::string& name, absl::StatusOr<std::unique_ptr<Collection>> created) {
  MutexLock lock(&mutex_);
  at_work_.erase(name);
  SENVEC_RETURN_IF_ERROR(created.status());
  std::shared_ptr<Collection> collection = *std::move(created);
  collections_[name] = collection;
  return collection;
}

absl::StatusOr<std::shared_ptr<Collection>> CollectionStoreImpl::Create(const CollectionOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  {
    MutexLock lock(&mutex_);
    SENVEC_RETURN_IF_ERROR(BeginNew(options.name));
  }
  return FinishNew(options.name, Collection::Create(JoinPath(directory_, options.name), options, runtime_));
}

// A folder that is not whole yet has a name that no collection can have.
absl::StatusOr<std::unique_ptr<Collection>> CollectionStoreImpl::CopyIn(const std::string& directory,
                                                                        const std::string& name) const {
  const std::string partial = JoinPath(directory_, absl::StrCat(kRestoringPrefix, name));
  std::error_code error;
  fs::remove_all(partial, error);
  absl::Status copied = CopySnapshot(directory, partial);
  if (copied.ok()) copied = RenameCollection(partial, name);
  const std::string folder = JoinPath(directory_, name);
  if (copied.ok()) {
    fs::rename(partial, folder, error);
    if (error) copied = ErrnoToStatus(error.value(), absl::StrCat("cannot rename ", partial, " to ", folder));
  }
  if (!copied.ok()) {
    fs::remove_all(partial, error);
    return copied;
  }
  return Collection::Open(folder, runtime_);
}

absl::StatusOr<std::shared_ptr<Collection>> CollectionStoreImpl::Restore(const std::string& directory,
                                                                         const std::string& name) {
  CollectionOptions named;
  named.name = name;
  named.index.dim = 1;
  SENVEC_RETURN_IF_ERROR(named.Validate());
  {
    MutexLock lock(&mutex_);
    SENVEC_RETURN_IF_ERROR(BeginNew(name));
  }
  return FinishNew(name, CopyIn(directory, name));
}

absl::Status CollectionStoreImpl::SetAlias(const std::string& alias, const std::string& collection) {
  MutexLock alias_lock(&alias_mutex_);
  AliasMap changed;
  {
    MutexLock lock(&mutex_);
    changed = aliases_;
    if (collection.empty()) {
      if (changed.erase(alias) == 0) return absl::NotFoundError(absl::StrCat("there is no alias \"", alias, "\""));
    } else {
      if (collections_.contains(alias) || damaged_.contains(alias) || at_work_.contains(alias)) {
        return absl::AlreadyExistsError(absl::StrCat("there is a collection \"", alias, "\" already"));
      }
      if (!collections_.contains(collection)) return Unknown(collection);
      changed[alias] = collection;
    }
  }
  SENVEC_RETURN_IF_ERROR(WriteAliases(directory_, changed));
  MutexLock lock(&mutex_);
  aliases_ = std::move(changed);
  return absl::OkStatus();
}

std::vector<CollectionStore::Alias> CollectionStoreImpl::Aliases() const {
  ReaderMutexLock lock(&mutex_);
  std::vector<Alias> list;
  for (const auto& [name, collection] : aliases_) list.push_back({name, collection});
  return list;
}

absl::StatusOr<std::shared_ptr<Collection>> CollectionStoreImpl::Get(absl::string_view name) const {
  ReaderMutexLock lock(&mutex_);
  const auto alias = aliases_.find(name);
  const auto found = collections_.find(alias == aliases_.end() ? name : absl::string_view(alias->second));
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
    for (const auto& [alias, target] : aliases_) {
      if (target != name) continue;
      at_work_.erase(name);
      return absl::FailedPreconditionError(absl::StrCat("alias \"", alias, "\" points to collection \"", name,
                                                        "\"; point it elsewhere or remove it first"));
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

}  // namespace

absl::StatusOr<std::unique_ptr<CollectionStore>> CollectionStore::Open(const std::string& directory,
                                                                       const CollectionRuntime& runtime) {
  SENVEC_RETURN_IF_ERROR(MakeDirectories(directory));
  SENVEC_ASSIGN_OR_RETURN(auto lock, DirectoryLock::Acquire(directory));
  auto store = std::make_unique<CollectionStoreImpl>(directory, std::move(lock), runtime);
  SENVEC_RETURN_IF_ERROR(store->OpenAll());
  return store;
}

}  // namespace senvec
