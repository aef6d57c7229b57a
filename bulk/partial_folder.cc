#include "bulk/partial_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "index/directory_lock.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

}  // namespace

absl::StatusOr<std::unique_ptr<PartialFolder>> PartialFolder::For(const std::string& target) {
  fs::path path = fs::absolute(target).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error)) && !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return absl::AlreadyExistsError(absl::StrCat("there is something at ", target, " already; remove it or take another name"));
  }
  const fs::path parent = path.parent_path();
  SENVEC_RETURN_IF_ERROR(MakeDirectories(parent.string()));
  const fs::path partial = parent / absl::StrCat(".", path.filename().string(), ".partial");
  return std::unique_ptr<PartialFolder>(new PartialFolder(path.string(), partial.string()));
}

std::string PartialFolder::name() const { return fs::path(target_).filename().string(); }

absl::Status PartialFolder::Remove() {
  if (!DirectoryExists(path_)) return absl::OkStatus();
  {
    SENVEC_ASSIGN_OR_RETURN(const auto lock, DirectoryLock::Acquire(path_));
  }
  std::error_code error;
  fs::remove_all(path_, error);
  return error ? ErrnoToStatus(error.value(), absl::StrCat("cannot remove ", path_)) : absl::OkStatus();
}

absl::Status PartialFolder::Publish() {
  if (::rename(path_.c_str(), target_.c_str()) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot give the finished folder its name ", target_));
  }
  // The name is to survive a power cut as the files do.
  const int parent = ::open(fs::path(target_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && ::fsync(parent) == 0;
  const int error = errno;
  if (parent >= 0) ::close(parent);
  return synced ? absl::OkStatus() : ErrnoToStatus(error, absl::StrCat("cannot sync the folder of ", target_));
}

}  // namespace senvec
