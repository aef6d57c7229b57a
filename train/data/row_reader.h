#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/data/train_config.h"

namespace senvec {

// One row as its file has it.
struct SourceRow {
  std::array<std::string, 3> texts;  // the first TextsPerRow(task.rows) are set
  std::string label;                 // the word, or the number's digits; "" for rows without labels
  uint32_t file = 0;                 // of TaskConfig::files
  uint32_t line = 0;                 // the first is 1
};

// Gives `row` every row of the task's files, in their order. Blank lines are skipped. InvalidArgument names the file, the
// first faulty lines and each fault: a wrong number of fields, a key that is missing or no string, an empty text, no UTF-8, a
// label that is empty; also a file without rows. An InvalidArgument that `row` returns is a fault of
// the line; any other error ends the reading.
absl::Status ReadRows(const TaskConfig& task, absl::FunctionRef<absl::Status(const SourceRow&)> row);

// A label as a number: by `labels` where they are given, else its own value. InvalidArgument says what is wrong.
absl::StatusOr<double> LabelValue(const std::string& label, const std::map<std::string, double>& labels);

}  // namespace senvec
