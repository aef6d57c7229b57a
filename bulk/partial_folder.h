#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace senvec {

// A folder that appears under its name when it is complete. Until then it is PARENT/.NAME.partial, a name that `senvec
// serve` passes over, and stays there when the work stops, so that it can be taken up.
class PartialFolder {
 public:
  // Makes the parent, not the folder itself. AlreadyExists when there is anything at `target` but an empty folder.
  static absl::StatusOr<std::unique_ptr<PartialFolder>> For(const std::string& target);

  // Where to work; to be made and locked (see DirectoryLock) by who writes there.
  const std::string& path() const { return path_; }
  // The folder's last part: NAME.
  std::string name() const;
  // Removes what is there. FailedPrecondition when another process holds it.
  absl::Status Remove();
  // Gives it its name; nobody may hold it.
  absl::Status Publish();

 private:
  PartialFolder(std::string target, std::string path) : target_(std::move(target)), path_(std::move(path)) {}
  const std::string target_;
  const std::string path_;
};

}  // namespace senvec
