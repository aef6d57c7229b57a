#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/flag_set.h"
#include "cli/search_ask.h"

namespace senvec {

// The flags that say what is asked, wherever it is asked.
struct AskFlags {
  std::string filter, min_score;
  int64_t k = 10, ef_search = 0, nprobe = 0;
  std::string scoring = "metric";
  bool group = false;
  int64_t members = 1, candidates = 0;
  std::string scale, margin, background, accept, ambiguity;
};
void DeclareAskFlags(FlagSet& flags, AskFlags& ask);

// A usage error names the flag.
absl::StatusOr<SearchAsk> AskOf(const FlagSet& given, const AskFlags& flags);

}  // namespace senvec
