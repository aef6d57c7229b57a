#pragma once

#include <cstdint>

// A shared library that is loaded before the others (LD_PRELOAD) and makes calls to the disk fail. Counted are, on paths
// under a prefix: open for creating, write, pwrite, writev, fsync, fdatasync, sync_file_range, ftruncate, fallocate,
// rename, link, mkdir, sendfile and copy_file_range.
extern "C" {

struct SenvecFaultPlan {
  const char* prefix;  // calls on other paths are let through
  int64_t at;          // the call that fails, from 1; 0 = none
  int error;           // the errno it fails with; 0 = a write of half the bytes, then ENOSPC for the rest
  int for_ever;        // whether all later ones fail as well
};

// Counting begins anew. Not while calls are at work.
void senvec_fault_arm(const SenvecFaultPlan* plan);
// Calls counted, and calls failed since then.
int64_t senvec_fault_count();
int64_t senvec_fault_failed();

}  // extern "C"
