#pragma once

#include <cstdint>
#include <string>

namespace senvec {

// Where the system says how much memory there is; a test has its own.
struct MemorySources {
  std::string control_groups = "/sys/fs/cgroup";
  std::string own_groups = "/proc/self/cgroup";
  std::string machine = "/proc/meminfo";
};

// Bytes that this process may use: the machine's, cut by the smallest limit of the process's control
// groups and of those around them (cgroup v2's memory.max, v1's memory.limit_in_bytes). What cannot be
// read sets no limit; 1 GiB where nothing can.
int64_t UsableMemory(const MemorySources& sources = {});

}  // namespace senvec
