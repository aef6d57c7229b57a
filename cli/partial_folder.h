#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace senvec {

// A folder that appears under its name when it is complete, or not at all. Until then it is PARENT/.NAME.partial-PID,
// a name that `senvec serve` passes over; one that a killed process left is removed by the next for the same NAME.
class PartialFolder {
 public:
  // Makes the parent, not the folder itself. AlreadyExists when there is anything at `target` but an empty folder.
  static absl::StatusOr<std::unique_ptr<PartialFolder>> Create(const std::string& target);
  // Removes what was not published.
  ~PartialFolder();
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  // Where to work; to be made and locked (see DirectoryLock) by who writes there.
  const std::string& path() const { return path_; }
  // Gives it its name.
  absl::Status Publish();

 private:
  PartialFolder(std::string target, std::string path) : target_(std::move(target)), path_(std::move(path)) {}
  const std::string target_;
  const std::string path_;
  bool published_ = false;
};

}  // namespace senvec
