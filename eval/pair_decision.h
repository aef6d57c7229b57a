#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace senvec {

// Scores with labels 0 and 1.
struct LabelledScores {
  std::vector<double> scores;
  std::vector<uint8_t> labels;
};

struct DecisionOptions {
  int resamples = 1000;
  uint64_t seed = 1;
};

// Thresholds tuned on `dev` and applied to `test` (without dev: tuned on test, and the report says so),
// ROC AUC, average precision, calibration of a logistic curve fitted on the same side as thresholds,
// and what their plots show. What has no value is null with a note.
nlohmann::json DecisionReport(const LabelledScores& dev, const LabelledScores& test,
                              const DecisionOptions& options, nlohmann::json& notes);

}  // namespace senvec
