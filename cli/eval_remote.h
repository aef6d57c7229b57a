#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "eval/run.h"

namespace senvec {

struct RemoteEvaluationProgress {
  std::string task;  // empty while the server measures something else first
  int64_t texts_done = 0;
  int64_t texts_total = 0;
};

// Has the server at `address` (HOST:PORT) measure its model on the suites of `options`: reads each task's files here and
// sends what is in them. Of `options`, the cache, the whitening, the clock and the callbacks are not looked at. Takes as
// long as the server does. Errors of LoadTask(), and the server's own; Unavailable says that none answers there.
absl::StatusOr<RunReport> EvaluateOnServer(const std::string& address, const RunOptions& options,
                                           const std::function<void(const RemoteEvaluationProgress&)>& progress);

}  // namespace senvec
