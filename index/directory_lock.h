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
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace senvec
