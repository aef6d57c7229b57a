#include "base/memory_budget.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/control_groups.h"
#include "base/file.h"

namespace senvec {
namespace {

constexpr double kMost = int64_t{1} << 50, kFallback = int64_t{1} << 30;

// "max" is no limit.
double BytesIn(const std::string& path) {
  int64_t bytes = 0;
  return absl::SimpleAtoi(FirstLine(path), &bytes) && bytes > 0 ? static_cast<double>(bytes) : kNoGroupLimit;
}
double LimitOfV2(const std::string& folder) { return BytesIn(JoinPath(folder, "memory.max")); }
double LimitOfV1(const std::string& folder) { return BytesIn(JoinPath(folder, "memory.limit_in_bytes")); }

// "MemTotal:       24684088 kB"
double MachineBytes(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t kilobytes = 0;
    if (words.size() >= 2 && words[0] == "MemTotal:" && absl::SimpleAtoi(words[1], &kilobytes) && kilobytes > 0) {
      return static_cast<double>(kilobytes) * 1024;
    }
  }
  return kNoGroupLimit;
}

}  // namespace

int64_t UsableMemory(const MemorySources& sources) {
  const double group = SmallestGroupLimit(sources.control_groups, sources.own_groups, "memory", LimitOfV2, LimitOfV1);
  const double bytes = std::min(MachineBytes(sources.machine), group);
  // Version 1 says "none" by a number near 2^63.
  return static_cast<int64_t>(bytes < kMost ? bytes : kFallback);
}

}  // namespace senvec
