#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// One line of a run's log, OUTPUT/train_log.jsonl: what was measured since the line before it.
//   {"step":50,"loss":{"lcqmc":2.31},"learning_rate":1e-5,"gradient_norm":0.8,"sentences_per_s":410,"seconds":23.4}
// or, after an evaluation,
//   {"step":500,"dev":{"stsb":0.71},"mean":0.71,"best":true}
struct TrainLogLine {
  int64_t step = 0;                    // steps done
  std::map<std::string, double> loss;  // task → mean since the last line; empty for an evaluation
  double learning_rate = 0;
  double gradient_norm = 0;            // mean, before clipping
  double sentences_per_s = 0;
  double seconds = 0;                  // of training, stops not counted
  std::map<std::string, double> dev;   // dev set → Spearman; empty for a line of losses
  double mean = 0;                     // weighted, of dev
  bool best = false;                   // so far
};

std::string FormatTrainLogLine(const TrainLogLine& line);
// InvalidArgument names `where` and the fault.
absl::StatusOr<TrainLogLine> ParseTrainLogLine(absl::string_view json, absl::string_view where);
// All lines. A last line without its end, of a run that was killed while it wrote, is left out.
absl::StatusOr<std::vector<TrainLogLine>> ReadTrainLog(const std::string& path);

// Appends lines to a log. Not thread-safe.
class TrainLog {
 public:
  // Keeps the lines up to `done_steps` of a log that is there, so that a resumed run does not say things twice.
  static absl::StatusOr<std::unique_ptr<TrainLog>> Open(const std::string& path, int64_t done_steps);
  ~TrainLog();
  TrainLog(const TrainLog&) = delete;
  TrainLog& operator=(const TrainLog&) = delete;

  // ResourceExhausted on a full disk.
  absl::Status Append(const TrainLogLine& line);

 private:
  TrainLog(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  const std::string path_;
  const int fd_;
};

}  // namespace senvec
