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
  std::string server;  // HOST:PORT; empty = a model is loaded here
  int64_t resamples = 1000;
  int64_t seed = 1;
  bool no_whitening_search = false;
};

// Declares --report, --cache, --resamples, --seed and --no-whitening-search.
void DeclareReportFlags(FlagSet& flags, EvalFlags& eval);
// Those, --server, the model's flags and --whitening.
void DeclareEvalFlags(FlagSet& flags, EvalFlags& eval);

// One data set as a suite of its own. `name` empty: from the path.
Suite OneSetSuite(TaskConfig task, const std::string& name);

// Runs the suites, here or on a server, prints a table, and with --report writes the report's folder. A usage error when
// neither or both of --model and --server are there, or a flag that has no place with --server. `given`: what was typed.
absl::Status EvaluateSuites(const FlagSet& given, const EvalFlags& flags, std::vector<Suite> suites);

}  // namespace senvec
