#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "encoder/whitening/whitening.h"
#include "eval/sentence_vectors.h"
#include "eval/suite.h"
#include "eval/task.h"

namespace senvec {

struct RunOptions {
  std::vector<Suite> suites;
  std::string data;         // folder that the suites' paths are relative to
  // Where a task's data come from; empty = from its files under `data`.
  std::function<absl::StatusOr<TaskData>(const TaskConfig&)> load;
  std::string cache;        // folder of cached vectors; empty = none
  const Whitening* whitening = nullptr;
  bool search_whitening = true;
  int resamples = 1000;
  uint64_t seed = 1;
  std::string command;      // as it was typed, for the report
  std::function<absl::Time()> clock;  // required
  std::function<void(const std::string& task)> on_task;  // hears what begins
  SentenceVectors::Progress progress;
  // Asked between steps that take long: an error ends the run with it. May be empty.
  std::function<absl::Status()> check;

  absl::Status Validate() const;
};

// The version of report.json's form; another one is not read.
inline constexpr int kReportSchema = 1;

// What a run leaves: report.json, and items.json with one number a test item for `senvec eval compare`.
struct RunReport {
  nlohmann::json report;
  nlohmann::json items;
};

// Measures every task of every suite, one after the other. An encoder that whitens is measured as it is:
// options.whitening must be null then (InvalidArgument), and no whitening is searched for.
// A task that fails is an error that names it; nothing of a half run is returned.
absl::StatusOr<RunReport> RunSuites(const SentenceEncoder& encoder, ThreadPool& pool,
                                    const RunOptions& options);

// {"cpu", "cpus", "kernel", "memory_gib"} of this machine; fields that cannot be told are left out.
nlohmann::json DescribeMachine();

}  // namespace senvec
