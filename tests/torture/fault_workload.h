#pragma once

#include <cstdint>
#include <string>

namespace senvec {

// What happened in a run of the workload.
struct FaultReport {
  std::string wrong;       // what should not have happened; "" = all is well
  int64_t calls = 0;       // to the disk, while faults were armed
  int64_t faults = 0;      // of them that failed
  int64_t failed = 0;      // operations that returned an error
  int64_t read_only = 0;   // times that the collection said that it is read-only
  bool works_on = false;   // the first write after the last fault succeeded without opening anew
};

// Creates a collection in the new folder `folder`, writes, merges, takes snapshots and opens it anew, while the call to
// the disk number `at` fails (0 = none); then compares what is left, with and without opening it again.
FaultReport RunFaultWorkload(const std::string& folder, int64_t at, int error, bool for_ever);

}  // namespace senvec
