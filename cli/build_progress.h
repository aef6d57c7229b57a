#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/progress.h"
#include "bulk/bulk_build.h"

namespace senvec {

// What people see of a bulk build on standard error: rows and tokens a second, time left and memory, first for encoding,
// then for the index. Must outlive the listener. Not thread-safe.
class BuildProgress {
 public:
  // `total` rows; 0 = to be guessed from the part of the input that is read, where its size is known.
  explicit BuildProgress(int64_t total) : total_(total) {}
  ~BuildProgress();

  BulkListener listener();
  // Ends the line of the bar that is being drawn.
  void Finish();

 private:
  void OnStart(const BulkReport& report);
  void OnBatch(const BulkReport& report);
  void OnIndex(int64_t done, int64_t all);

  const int64_t total_;
  BulkReport first_;
  absl::Time start_ = absl::InfinitePast();
  std::unique_ptr<ProgressBar> encoding_, indexing_;
};

// Memory of this process that no file stands behind, in bytes, which is what --memory bounds: pages of a mapped index come
// and go as the system likes. 0 where the system does not say.
int64_t OwnBytes();

}  // namespace senvec
