#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "tests/support/temp_dir.h"

namespace senvec {

// A file system of a few MB in memory that only this process sees: threads that began before the first Mount() see an
// empty folder instead.
class SmallDisk {
 public:
  // Unavailable says which call the system does not permit: being root, or a user namespace, is needed.
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Mount(int64_t bytes) {
    static const std::string refused = EnterNamespace();
    if (!refused.empty()) return absl::UnavailableError(refused);
    std::unique_ptr<SmallDisk> disk(new SmallDisk);
    if (::mount("tmpfs", disk->path().c_str(), "tmpfs", 0, absl::StrCat("size=", bytes).c_str()) != 0) {
      return absl::UnavailableError(Failed("mount of a tmpfs"));
    }
    disk->is_mounted_ = true;
    return disk;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return folder_.path(); }

  int64_t FreeBytes() const {
    struct statvfs disk;
    SENVEC_CHECK(::statvfs(path().c_str(), &disk) == 0);
    return static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
  }
  // Something else takes all but `left` bytes, or makes room again until so many are left, where it can.
  void Fill(int64_t left) {
    ballast_bytes_ = std::max<int64_t>(0, ballast_bytes_ + FreeBytes() - left);
    const int file = ::open(Ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    SENVEC_CHECK(file >= 0 && ::ftruncate(file, ballast_bytes_) == 0);
    SENVEC_CHECK(ballast_bytes_ == 0 || ::posix_fallocate(file, 0, ballast_bytes_) == 0);
    ::close(file);
  }
  void MakeRoom() {
    std::filesystem::remove(Ballast());
    ballast_bytes_ = 0;
  }

 private:
  SmallDisk() = default;

  std::string Ballast() const { return folder_ / "ballast"; }

  static std::string Failed(const std::string& what) {
    return absl::StrCat(what, " is not permitted here: ", strerror(errno));
  }
  static bool WriteLine(const char* path, const std::string& line) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (file >= 0) ::close(file);
    return written;
  }
  // A mount namespace of our own, as root or, for others, with a user namespace around it; what failed, or "".
  static std::string EnterNamespace() {
    const std::string user = absl::StrCat("0 ", ::getuid(), " 1"), group = absl::StrCat("0 ", ::getgid(), " 1");
    if (::unshare(CLONE_NEWNS) != 0) {
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return Failed("unshare");
      const bool is_mapped = WriteLine("/proc/self/setgroups", "deny") && WriteLine("/proc/self/uid_map", user) &&
                             WriteLine("/proc/self/gid_map", group);
      if (!is_mapped) return Failed("mapping of users");
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? "" : Failed("mount");
  }

  const TempDir folder_;
  bool is_mounted_ = false;
  int64_t ballast_bytes_ = 0;
};

}  // namespace senvec
