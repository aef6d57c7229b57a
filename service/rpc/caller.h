#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace senvec {

// Who waits for an answer, and how long. May outlive the call.
struct Caller {
  absl::Time deadline = absl::InfiniteFuture();
  std::function<bool()> is_cancelled;  // thread-safe; may be empty

  // Cancelled or DeadlineExceeded when nobody waits any more. Cheap: asked before each step that costs something.
  absl::Status Check(absl::Time now) const {
    if (is_cancelled && is_cancelled()) return absl::CancelledError("the caller cancelled");
    if (deadline <= now) return absl::DeadlineExceededError("the deadline passed before the call was done");
    return absl::OkStatus();
  }
};

}  // namespace senvec
