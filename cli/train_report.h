#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "train/data/train_log.h"

namespace senvec {

// A training run's curves as one HTML file, no script and nothing fetched, for dark and light screens and for paper: the dev
// sets, the loss of each task, learning rate, gradients and speed, and the dev sets at the best step. `lines` as ReadTrainLog()
// gives them; what was not logged has no chart.
std::string TrainReportHtml(absl::string_view title, const std::vector<TrainLogLine>& lines);

}  // namespace senvec
