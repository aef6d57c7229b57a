#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace senvec {

// Keeps other processes out of a folder for as long as it lives: flock on FOLDER/LOCK, which holds our process id.
// The lock goes with the process, however it ends.
class DirectoryLock {
 public:
  // FailedPrecondition, naming the holder's process id, when another process has it.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Acquire(const std::string& folder);
  // Keeps writers out and lets other readers in. Writes nothing: a folder without LOCK, as one on a read-only disk may
  // be, is taken without one.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> AcquireShared(const std::string& folder);
  ~DirectoryLock();
  bool is_shared() const { return is_shared_; }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock(int fd, bool is_shared) : fd_(fd), is_shared_(is_shared) {}
  const int fd_;  // -1 = there was no file to lock
  const bool is_shared_;
};

}  // namespace senvec
