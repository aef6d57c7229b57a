#include "cli/partial_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "index/directory_lock.h"

namespace senvec {
namespace {

namespace fs = std::filesystem;

// Those that nobody holds any more: the lock goes with its process, however that ends.
void RemoveStale(const fs::path& parent, const std::string& prefix) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    if (absl::StartsWith(entry.path().filename().string(), prefix)) found.push_back(entry.path());
  }
  for (const fs::path& folder : found) {
    const auto lock = DirectoryLock::Acquire(folder.string());
    if (lock.ok()) fs::remove_all(folder, ignored);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartialFolder>> PartialFolder::Create(const std::string& target) {
  fs::path path = fs::absolute(target).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error)) && !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return absl::AlreadyExistsError(absl::StrCat("there is something at ", target, " already; remove it or take another name"));
  }
  const fs::path parent = path.parent_path();
  SENVEC_RETURN_IF_ERROR(MakeDirectories(parent.string()));
  const std::string prefix = absl::StrCat(".", path.filename().string(), ".partial-");
  RemoveStale(parent, prefix);
  const fs::path partial = parent / absl::StrCat(prefix, ::getpid());
  return std::unique_ptr<PartialFolder>(new PartialFolder(path.string(), partial.string()));
}

PartialFolder::~PartialFolder() {
  std::error_code ignored;
  if (!published_) fs::remove_all(path_, ignored);
}

absl::Status PartialFolder::Publish() {
  if (::rename(path_.c_str(), target_.c_str()) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot give the finished folder its name ", target_));
  }
  published_ = true;
  // The name is to survive a power cut as the files do.
  const int parent = ::open(fs::path(target_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && ::fsync(parent) == 0;
  const int error = errno;
  if (parent >= 0) ::close(parent);
  return synced ? absl::OkStatus() : ErrnoToStatus(error, absl::StrCat("cannot sync the folder of ", target_));
}

}  // namespace senvec
