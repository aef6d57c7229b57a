#include "service/rpc/snapshot_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "service/rpc/collection_messages.h"
#include "service/rpc/requests.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

absl::Status CheckFolder(const RpcContext& context) {
  if (!context.snapshots.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this server keeps no snapshots: start it with --snapshots DIR, or with \"snapshots\" in its configuration");
}

// Of finished snapshots, sorted.
std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(ignored) && CheckName("name", name).ok()) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The folder of the snapshot of that name.
absl::StatusOr<std::string> Find(const RpcContext& context, const std::string& name) {
  SENVEC_RETURN_IF_ERROR(CheckFolder(context));
  SENVEC_RETURN_IF_ERROR(CheckName("name", name));
  const std::string path = JoinPath(context.snapshots, name);
  if (DirectoryExists(path)) return path;
  const std::vector<std::string> names = Names(context.snapshots);
  return absl::NotFoundError(absl::StrCat("there is no snapshot \"", name, "\"; there are: ",
                                          names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

v1::Snapshot SnapshotMessage(const std::string& folder, const std::string& name) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(JoinPath(folder, name), ignored)) {
    if (!entry.is_regular_file(ignored)) continue;
    const uintmax_t size = entry.file_size(ignored);
    if (size != static_cast<uintmax_t>(-1)) bytes += static_cast<int64_t>(size);
  }
  v1::Snapshot message;
  message.set_name(name);
  message.set_disk_bytes(bytes);
  return message;
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  return synced ? absl::OkStatus() : ErrnoToStatus(error, absl::StrCat("cannot sync ", folder));
}

absl::Status Rename(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : ErrnoToStatus(errno, absl::StrCat("cannot rename ", from));
}

// A name that is none of a snapshot: what is under it is unfinished, or half removed.
std::string HiddenPath(const RpcContext& context, const std::string& name) {
  return JoinPath(context.snapshots, absl::StrCat(".", name, ".partial"));
}

}  // namespace

absl::Status HandleCreateSnapshot(const RpcContext& context, const v1::CreateSnapshotRequest& request,
                                  v1::CreateSnapshotResponse* response) {
  SENVEC_RETURN_IF_ERROR(CheckFolder(context));
  SENVEC_RETURN_IF_ERROR(CheckName("name", request.name()));
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Get(request.collection()));
  SENVEC_RETURN_IF_ERROR(MakeDirectories(context.snapshots));
  const std::string path = JoinPath(context.snapshots, request.name());
  if (FileExists(path) || DirectoryExists(path)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a snapshot \"", request.name(), "\" already; take another name or delete it first"));
  }
  // One that is not whole must never have the name.
  const std::string partial = HiddenPath(context, request.name());
  std::error_code ignored;
  fs::remove_all(partial, ignored);
  absl::Status status = collection->Snapshot(partial);
  if (status.ok()) status = Rename(partial, path);
  if (!status.ok()) {
    fs::remove_all(partial, ignored);
    return status;
  }
  SENVEC_RETURN_IF_ERROR(SyncFolder(context.snapshots));
  *response->mutable_snapshot() = SnapshotMessage(context.snapshots, request.name());
  return absl::OkStatus();
}

absl::Status HandleListSnapshots(const RpcContext& context, const v1::ListSnapshotsRequest&,
                                 v1::ListSnapshotsResponse* response) {
  SENVEC_RETURN_IF_ERROR(CheckFolder(context));
  for (const std::string& name : Names(context.snapshots)) *response->add_snapshots() = SnapshotMessage(context.snapshots, name);
  return absl::OkStatus();
}

absl::Status HandleRestoreSnapshot(const RpcContext& context, const v1::RestoreSnapshotRequest& request,
                                   v1::RestoreSnapshotResponse* response) {
  SENVEC_ASSIGN_OR_RETURN(const std::string path, Find(context, request.name()));
  SENVEC_RETURN_IF_ERROR(CheckName("collection", request.collection()));
  SENVEC_ASSIGN_OR_RETURN(const auto collection, context.store->Restore(path, request.collection()));
  *response->mutable_collection() = CollectionMessage(*collection, {});
  return absl::OkStatus();
}

absl::Status HandleDeleteSnapshot(const RpcContext& context, const v1::DeleteSnapshotRequest& request,
                                  v1::DeleteSnapshotResponse*) {
  SENVEC_ASSIGN_OR_RETURN(const std::string path, Find(context, request.name()));
  const std::string hidden = HiddenPath(context, request.name());
  std::error_code error;
  fs::remove_all(hidden, error);
  SENVEC_RETURN_IF_ERROR(Rename(path, hidden));
  SENVEC_RETURN_IF_ERROR(SyncFolder(context.snapshots));
  fs::remove_all(hidden, error);
  return error ? ErrnoToStatus(error.value(), absl::StrCat("cannot remove all of ", hidden)) : absl::OkStatus();
}

}  // namespace senvec
