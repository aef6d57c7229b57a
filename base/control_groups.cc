#include "base/control_groups.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/file.h"

namespace senvec {
namespace {

// The smallest limit of `group` below `root` and of the groups around it. A container often sees only
// its own group, at the root, under the path that it has outside: folders that are not there set no limit.
double SmallestLimit(const std::string& root, absl::string_view group, double (*limit)(const std::string& folder)) {
  double smallest = limit(root);
  std::string folder = root;
  for (absl::string_view part : absl::StrSplit(group, '/', absl::SkipEmpty())) {
    if (part == "..") break;  // outside of what this process may see
    folder = JoinPath(folder, part);
    smallest = std::min(smallest, limit(folder));
  }
  return smallest;
}

}  // namespace

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

double SmallestGroupLimit(const std::string& root, const std::string& own_groups, const std::string& controller,
                          double (*v2)(const std::string& folder), double (*v1)(const std::string& folder)) {
  double smallest = kNoGroupLimit;
  std::ifstream file(own_groups);
  for (std::string line; std::getline(file, line);) {
    // "0::/group" is version 2's; "4:cpu,cpuacct:/group" is one of version 1's, mounted under the controllers' names.
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[0] == "0" && fields[1].empty()) {
      smallest = std::min(smallest, SmallestLimit(root, fields[2], v2));
      smallest = std::min(smallest, SmallestLimit(JoinPath(root, "unified"), fields[2], v2));
      continue;
    }
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end()) continue;
    smallest = std::min(smallest, SmallestLimit(JoinPath(root, fields[1]), fields[2], v1));
    smallest = std::min(smallest, SmallestLimit(JoinPath(root, controller), fields[2], v1));
  }
  // Without a list of groups there is still the root.
  return std::min(smallest, std::min(v2(root), v1(JoinPath(root, controller))));
}

}  // namespace senvec
