#include "index/collection.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "index/directory_lock.h"
#include "index/document_file.h"
#include "index/manifest.h"

namespace senvec {
namespace {

constexpr size_t kMaxIdBytes = 512;

bool IsUtf8(absl::string_view text) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return true;
  // nlohmann's strict serialiser is the judge that every other part of a document meets anyway.
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore).size() ==
         nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size();
}

absl::Status CheckDocument(const Document& document) {
  if (document.id.empty() || document.id.size() > kMaxIdBytes) {
    return absl::InvalidArgumentError(absl::StrCat("its id has ", document.id.size(), " bytes; 1 to ", kMaxIdBytes, " are allowed"));
  }
  if (document.id.find('\0') != std::string::npos) return absl::InvalidArgumentError("its id contains a NUL byte");
  if (!IsUtf8(document.id)) return absl::InvalidArgumentError("its id is no valid UTF-8");
  // gRPC sends strings as UTF-8 only: another byte here would fail every search that finds the document.
  if (!IsUtf8(document.text)) return absl::InvalidArgumentError("its text is no valid UTF-8; replace the invalid bytes");
  if (document.metadata_json.empty()) return absl::OkStatus();
  if (!IsUtf8(document.metadata_json)) return absl::InvalidArgumentError("its metadata_json is no valid UTF-8");
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json metadata, ParseJson(document.metadata_json, "metadata_json"));
  if (!metadata.is_object()) return absl::InvalidArgumentError("metadata_json is no JSON object");
  return absl::OkStatus();
}

absl::Status CheckDocuments(absl::Span<const Document> documents, int32_t dim) {
  absl::flat_hash_set<absl::string_view> ids;
  for (size_t i = 0; i < documents.size(); ++i) {
    const auto fault = [&](absl::string_view what) {
      // The message goes over gRPC too.
      const std::string id = DumpJson(documents[i].id.substr(0, 64));
      return absl::InvalidArgumentError(absl::StrCat("document ", i, " (id ", id, "): ", what));
    };
    if (absl::Status status = CheckDocument(documents[i]); !status.ok()) return fault(status.message());
    if (!ids.insert(documents[i].id).second) return fault("its id occurs twice in this call");
    if (documents[i].vector.size() != static_cast<size_t>(dim)) {
      return fault(absl::StrCat("its vector has ", documents[i].vector.size(), " values, the collection's have ", dim));
    }
  }
  return absl::OkStatus();
}

class CollectionImpl : public Collection {
 public:
  CollectionImpl(std::string directory, std::unique_ptr<DirectoryLock> lock, CollectionOptions options)
      : directory_(std::move(directory)),
        lock_(std::move(lock)),
        options_(std::move(options)),
        read_only_(lock_->is_shared()) {}

  const CollectionOptions& options() const override { return options_; }
  int64_t size() const override {
    ReaderMutexLock lock(&mutex_);
    return static_cast<int64_t>(documents_.size());
  }

  absl::StatusOr<int64_t> Upsert(absl::Span<const Document> documents) override;
  absl::StatusOr<int64_t> Delete(absl::Span<const std::string> ids) override;
  absl::StatusOr<std::vector<std::optional<Document>>> Get(absl::Span<const std::string> ids) const override;
  absl::StatusOr<std::vector<Document>> Scan(absl::string_view after_id, int32_t limit) const override;
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(absl::Span<const float> queries, int32_t k) const override;
  absl::Status Save() override;
  absl::Status Retire(const std::string& new_directory) override;

  absl::Status StartEmpty() {
    MutexLock lock(&mutex_);
    SENVEC_ASSIGN_OR_RETURN(vectors_, MutableIndex::Create(options_.index));
    dirty_ = true;
    return absl::OkStatus();
  }
  absl::Status Load(const Manifest& manifest);

 private:
  Document Whole(const std::string& id, const StoredDocument& stored) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<ManifestFile> Describe(const std::string& name) const;
  absl::Status CheckWritable() const;

  const std::string directory_;
  const std::unique_ptr<DirectoryLock> lock_;
  const CollectionOptions options_;
  const bool read_only_;
  Mutex save_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);  // one save at a time
  mutable Mutex mutex_;
  DocumentMap documents_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<int64_t, DocumentMap::const_iterator> by_row_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<MutableIndex> vectors_ ABSL_GUARDED_BY(mutex_);
  int64_t next_row_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t num_writes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t generation_ ABSL_GUARDED_BY(save_mutex_) = 0;
  bool retired_ ABSL_GUARDED_BY(save_mutex_) = false;
};

absl::Status CollectionImpl::CheckWritable() const {
  if (!read_only_) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(directory_, " was opened for reading; open it for writing to change it"));
}

Document CollectionImpl::Whole(const std::string& id, const StoredDocument& stored) const {
  Document document{.id = id, .text = stored.text, .metadata_json = stored.metadata_json, .vector = {}};
  document.vector.resize(options_.index.dim);
  SENVEC_CHECK(vectors_->Reconstruct(stored.row_id, absl::MakeSpan(document.vector)));
  return document;
}

absl::StatusOr<int64_t> CollectionImpl::Upsert(absl::Span<const Document> documents) {
  SENVEC_RETURN_IF_ERROR(CheckWritable());
  SENVEC_RETURN_IF_ERROR(CheckDocuments(documents, options_.index.dim));
  std::vector<float> rows;
  rows.reserve(documents.size() * options_.index.dim);
  for (const Document& document : documents) rows.insert(rows.end(), document.vector.begin(), document.vector.end());
  MutexLock lock(&mutex_);
  std::vector<int64_t> row_ids(documents.size());
  for (size_t i = 0; i < row_ids.size(); ++i) row_ids[i] = next_row_id_ + static_cast<int64_t>(i);
  // The only step that can fail comes first.
  SENVEC_RETURN_IF_ERROR(vectors_->Add(row_ids, rows));
  next_row_id_ += static_cast<int64_t>(row_ids.size());
  dirty_ = dirty_ || !documents.empty();
  ++num_writes_;
  int64_t inserted = 0;
  std::vector<int64_t> replaced;
  for (size_t i = 0; i < documents.size(); ++i) {
    const auto [it, is_new] = documents_.try_emplace(documents[i].id);
    inserted += is_new;
    if (!is_new) {
      replaced.push_back(it->second.row_id);
      by_row_.erase(it->second.row_id);
    }
    it->second = {row_ids[i], documents[i].text, documents[i].metadata_json};
    by_row_[row_ids[i]] = it;
  }
  vectors_->Remove(replaced);
  return inserted;
}

absl::StatusOr<int64_t> CollectionImpl::Delete(absl::Span<const std::string> ids) {
  SENVEC_RETURN_IF_ERROR(CheckWritable());
  MutexLock lock(&mutex_);
  std::vector<int64_t> rows;
  for (const std::string& id : ids) {
    const auto found = documents_.find(id);
    if (found == documents_.end()) continue;
    rows.push_back(found->second.row_id);
    by_row_.erase(found->second.row_id);
    documents_.erase(found);
  }
  vectors_->Remove(rows);
  dirty_ = dirty_ || !rows.empty();
  ++num_writes_;
  return static_cast<int64_t>(rows.size());
}

absl::StatusOr<std::vector<std::optional<Document>>> CollectionImpl::Get(absl::Span<const std::string> ids) const {
  ReaderMutexLock lock(&mutex_);
  std::vector<std::optional<Document>> result;
  for (const std::string& id : ids) {
    const auto found = documents_.find(id);
    if (found == documents_.end()) {
      result.emplace_back();
    } else {
      result.push_back(Whole(found->first, found->second));
    }
  }
  return result;
}

absl::StatusOr<std::vector<Document>> CollectionImpl::Scan(absl::string_view after_id, int32_t limit) const {
  if (limit < 1) return absl::InvalidArgumentError(absl::StrCat("limit is ", limit, "; it must be at least 1"));
  ReaderMutexLock lock(&mutex_);
  std::vector<Document> result;
  for (auto it = documents_.upper_bound(std::string(after_id)); it != documents_.end(); ++it) {
    if (static_cast<int32_t>(result.size()) == limit) break;
    result.push_back(Whole(it->first, it->second));
  }
  return result;
}

absl::StatusOr<std::vector<std::vector<Hit>>> CollectionImpl::Search(absl::Span<const float> queries,
                                                                     int32_t k) const {
  ReaderMutexLock lock(&mutex_);
  SENVEC_ASSIGN_OR_RETURN(const auto neighbors, vectors_->Search(queries, k));
  std::vector<std::vector<Hit>> results;
  for (const std::vector<Neighbor>& list : neighbors) {
    results.emplace_back();
    for (const Neighbor& neighbor : list) {
      const auto found = by_row_.find(neighbor.id);
      SENVEC_CHECK(found != by_row_.end());
      const auto& [id, document] = *found->second;
      results.back().push_back({id, neighbor.score, document.text, document.metadata_json});
    }
  }
  return results;
}

absl::StatusOr<ManifestFile> CollectionImpl::Describe(const std::string& name) const {
  SENVEC_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(JoinPath(directory_, name)));
  return ManifestFile{name, file->bytes().size(), Checksum64(file->bytes())};
}

// New files beside the old ones, then the manifest that names them, then the old ones go: a crash at any point leaves
// one whole generation.
absl::Status CollectionImpl::Save() {
  MutexLock save_lock(&save_mutex_);
  if (retired_) return absl::OkStatus();
  Manifest manifest;
  manifest.options = options_;
  manifest.generation = generation_ + 1;
  int64_t saved_writes = 0;
  const std::string documents_name = absl::StrCat("documents-", manifest.generation, ".bin");
  const std::string vectors_name = absl::StrCat("vectors-", manifest.generation, ".idx");
  {
    // A reader's lock: searches go on, writes wait.
    ReaderMutexLock lock(&mutex_);
    if (!dirty_) return absl::OkStatus();
    saved_writes = num_writes_;
    manifest.next_row_id = next_row_id_;
    manifest.num_documents = static_cast<int64_t>(documents_.size());
    SENVEC_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(directory_, documents_name), SerializeDocuments(documents_)));
    SENVEC_RETURN_IF_ERROR(vectors_->Save(JoinPath(directory_, vectors_name)));
  }
  SENVEC_ASSIGN_OR_RETURN(manifest.documents, Describe(documents_name));
  SENVEC_ASSIGN_OR_RETURN(manifest.vectors, Describe(vectors_name));
  SENVEC_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(directory_, kManifestName), SerializeManifest(manifest)));
  const int64_t old = std::exchange(generation_, manifest.generation);
  ::unlink(JoinPath(directory_, absl::StrCat("documents-", old, ".bin")).c_str());
  ::unlink(JoinPath(directory_, absl::StrCat("vectors-", old, ".idx")).c_str());
  MutexLock lock(&mutex_);
  // A write that came between is for the next save.
  if (num_writes_ == saved_writes) dirty_ = false;
  return absl::OkStatus();
}

absl::Status CollectionImpl::Retire(const std::string& new_directory) {
  MutexLock save_lock(&save_mutex_);
  if (::rename(directory_.c_str(), new_directory.c_str()) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot rename ", directory_, " to ", new_directory));
  }
  retired_ = true;
  return absl::OkStatus();
}

absl::Status CollectionImpl::Load(const Manifest& manifest) {
  for (const ManifestFile* file : {&manifest.documents, &manifest.vectors}) {
    const absl::StatusOr<ManifestFile> found = Describe(file->name);
    if (!found.ok()) return absl::DataLossError(absl::StrCat("a file of the collection is lost: ", found.status().message()));
    if (found->bytes != file->bytes || found->checksum != file->checksum) {
      return absl::DataLossError(absl::StrCat(JoinPath(directory_, file->name),
                                              " is damaged: its length or checksum is not what the manifest says; restore it from a backup"));
    }
  }
  MutexLock save_lock(&save_mutex_);
  MutexLock lock(&mutex_);
  const std::string path = JoinPath(directory_, manifest.documents.name);
  SENVEC_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  SENVEC_ASSIGN_OR_RETURN(documents_, ParseDocuments(bytes, path));
  SENVEC_ASSIGN_OR_RETURN(vectors_, MutableIndex::Open(JoinPath(directory_, manifest.vectors.name)));
  std::vector<float> row(options_.index.dim);
  const bool fits = vectors_->options().dim == options_.index.dim && vectors_->options().metric == options_.index.metric;
  for (auto it = documents_.begin(); fits && it != documents_.end(); ++it) {
    const bool there = vectors_->Reconstruct(it->second.row_id, absl::MakeSpan(row));
    if (!there || !by_row_.emplace(it->second.row_id, it).second) break;
  }
  if (!fits || by_row_.size() != documents_.size() || vectors_->size() != static_cast<int64_t>(documents_.size())) {
    return absl::DataLossError(absl::StrCat(directory_, ": documents and vectors do not belong together; restore it from a backup"));
  }
  next_row_id_ = manifest.next_row_id;
  generation_ = manifest.generation;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Collection>> Collection::Create(const std::string& directory,
                                                               const CollectionOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  SENVEC_RETURN_IF_ERROR(MakeDirectories(directory));
  if (FileExists(JoinPath(directory, kManifestName))) {
    return absl::AlreadyExistsError(absl::StrCat("there is a collection in ", directory, " already"));
  }
  SENVEC_ASSIGN_OR_RETURN(auto lock, DirectoryLock::Acquire(directory));
  auto collection = std::make_unique<CollectionImpl>(directory, std::move(lock), options);
  SENVEC_RETURN_IF_ERROR(collection->StartEmpty());
  SENVEC_RETURN_IF_ERROR(collection->Save());
  return collection;
}

namespace {

absl::StatusOr<std::unique_ptr<Collection>> OpenCollection(const std::string& directory, bool for_reading) {
  const std::string path = JoinPath(directory, kManifestName);
  if (!FileExists(path)) {
    return absl::NotFoundError(absl::StrCat("there is no collection in ", directory, " (no ", kManifestName,
                                            "); `senvec index build` makes one"));
  }
  SENVEC_ASSIGN_OR_RETURN(auto lock, for_reading ? DirectoryLock::AcquireShared(directory) : DirectoryLock::Acquire(directory));
  SENVEC_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  SENVEC_ASSIGN_OR_RETURN(const Manifest manifest, ParseManifest(text, path));
  auto collection = std::make_unique<CollectionImpl>(directory, std::move(lock), manifest.options);
  SENVEC_RETURN_IF_ERROR(collection->Load(manifest));
  return collection;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Collection>> Collection::Open(const std::string& directory) {
  return OpenCollection(directory, /*for_reading=*/false);
}

absl::StatusOr<std::unique_ptr<Collection>> Collection::OpenForReading(const std::string& directory) {
  return OpenCollection(directory, /*for_reading=*/true);
}

}  // namespace senvec
