#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace senvec {

// What the writing process of the crash test tells the one that kills it, over a pipe: each in one write, so whole.
struct CrashEvent {
  enum Kind : int32_t { kOpened, kBegin, kDone, kSnapshotBegin, kSnapshotDone, kSnapshotGone, kOptimized };
  int32_t kind = kOpened;
  int32_t writer = 0;
  int64_t value = 0;  // kBegin, kDone: the operation; kSnapshot…: its number
};

constexpr int kCrashWriters = 4;

inline std::string CrashSnapshotFolder(const std::string& folder, int64_t number) {
  return absl::StrCat(folder, "/snapshot-", number);
}

}  // namespace senvec
