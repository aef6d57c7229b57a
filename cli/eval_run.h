#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/flag_set.h"
#include "cli/model_flags.h"
#include "eval/suite.h"

namespace senvec {

// The flags that every measuring command has.
struct EvalFlags {
  ModelFlags model;
  std::string data;
  std::string report;
  std::string cache;
  int64_t resamples = 1000;
  int64_t seed = 1;
  bool no_whitening_search = false;
};

// Declares --report, --cache, --resamples, --seed and --no-whitening-search.
void DeclareReportFlags(FlagSet& flags, EvalFlags& eval);
// Those, the model's flags and --whitening.
void DeclareEvalFlags(FlagSet& flags, EvalFlags& eval);

// One data set as a suite of its own. `name` empty: from the path.
Suite OneSetSuite(TaskConfig task, const std::string& name);

// Runs the suites, prints a table, and with --report writes the report's folder.
absl::Status RunEvaluation(const EvalFlags& flags, std::vector<Suite> suites);

}  // namespace senvec
