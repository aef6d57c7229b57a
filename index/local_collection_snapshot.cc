#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "index/local_collection.h"
#include "index/snapshot.h"

namespace senvec {

absl::Status LocalCollection::Snapshot(const std::string& directory) const {
  if (FileExists(directory) || DirectoryExists(directory)) {
    return absl::AlreadyExistsError(absl::StrCat(directory, " is there already; name a new folder"));
  }
  if (read_only_) {
    return absl::FailedPreconditionError(absl::StrCat(directory_, " was opened for reading; open it for writing"));
  }
  const std::string partial = absl::StrCat(directory, ".partial");
  std::error_code error;
  std::filesystem::remove_all(partial, error);
  SENVEC_RETURN_IF_ERROR(MakeDirectories(JoinPath(partial, "segments")));
  const absl::Status copied = CopyInto(partial);
  const absl::Status sealed = copied.ok() ? SealSnapshot(partial) : copied;
  if (!sealed.ok() || std::rename(partial.c_str(), directory.c_str()) != 0) {
    const int reason = errno;
    std::filesystem::remove_all(partial, error);
    return !sealed.ok() ? sealed : ErrnoToStatus(reason, absl::StrCat("cannot rename ", partial, " to ", directory));
  }
  return absl::OkStatus();
}

absl::Status LocalCollection::CopyInto(const std::string& directory) const {
  // No index comes or goes meanwhile, so that the files are those that the copied store names.
  MutexLock lock(&files_mutex_);
  SENVEC_RETURN_IF_ERROR(store_->Checkpoint(JoinPath(directory, StoreFolder(file_))));
  for (const SegmentEntry& entry : segments_.segments) {
    SENVEC_RETURN_IF_ERROR(LinkOrCopyFile(segment_folder_.Path(entry.file),
                                          JoinPath(JoinPath(directory, "segments"), entry.file)));
  }
  return WriteFileAtomically(JoinPath(directory, kCollectionFileName), SerializeCollectionFile(file_));
}

absl::Status LocalCollection::Retire(const std::string& new_directory) {
  StopMaintenance();
  absl::Status status;
  // Writes that began before come to their end first.
  queue_.Exclusively([&] {
    MutexLock lock(&files_mutex_);
    status = store_->Pause();
    if (!status.ok()) return;
    if (std::rename(directory_.c_str(), new_directory.c_str()) != 0) {
      status = ErrnoToStatus(errno, absl::StrCat("cannot rename ", directory_, " to ", new_directory));
      static_cast<void>(store_->Continue());
      return;
    }
    is_retired_ = true;
    store_->Freeze();
  });
  if (!status.ok()) StartMaintenance();
  return status;
}

}  // namespace senvec
