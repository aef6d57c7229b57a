#pragma once

#include <limits>
#include <string>

namespace senvec {

constexpr double kNoGroupLimit = std::numeric_limits<double>::infinity();

// The first line of a file; "" when there is none.
std::string FirstLine(const std::string& path);

// The smallest limit of this process's control groups, versions 1 and 2, and of those around them. `v2`
// and `v1` read one group's folder and return kNoGroupLimit where it sets none. root: /sys/fs/cgroup; own_groups: /proc/self/cgroup;
// controller: version 1's name for it. What cannot be read sets no limit.
double SmallestGroupLimit(const std::string& root, const std::string& own_groups, const std::string& controller,
                          double (*v2)(const std::string& folder), double (*v1)(const std::string& folder));

}  // namespace senvec
