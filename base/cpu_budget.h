#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"

namespace senvec {

// Where the system says what CPUs there are; a test has its own folders.
struct CpuSources {
  std::string control_groups = "/sys/fs/cgroup";
  std::string own_groups = "/proc/self/cgroup";
  std::string nodes = "/sys/devices/system/node";
};

// How many threads compute, and where.
struct CpuBudget {
  int threads = 1;
  // CPUs to stay on, a list for each memory node that is used; empty where there is but one node, or none is known.
  std::vector<std::vector<int>> nodes;
};

// `allowed`: the CPUs of the affinity mask. Threads are their number, cut by the smallest CPU quota of the process's control
// groups and of those around them (cgroup v2's cpu.max, v1's cpu.cfs_quota_us), rounded up, at least 1. Where they fit one
// memory node, that is the one with most CPUs: weights then are in its memory. Otherwise all nodes are used.
// What cannot be read sets no limit.
CpuBudget MakeCpuBudget(absl::Span<const int> allowed, const CpuSources& sources = {});

// For this process.
CpuBudget ReadCpuBudget();

// "0-3,8" → 0, 1, 2, 3, 8; empty where `list` is not such a list, or names a CPU above 4095.
std::vector<int> ParseCpuList(const std::string& list);

}  // namespace senvec
