#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace senvec {

// Two sentences and what people think of their likeness.
struct ScoredPair {
  std::string first;
  std::string second;
  double score = 0;  // on the data set's own scale; 0 where the file has no score
};

enum class PairScore { kRequired, kOptional };

// Reads lines "text_a TAB text_b TAB score" (UTF-8, no header, no quoting; `path` "-" is standard input). With
// kOptional a line may end after text_b. InvalidArgument names the first bad lines by number, each with its fault:
// a wrong number of fields, a score that is not a finite number.
absl::StatusOr<std::vector<ScoredPair>> ReadPairs(const std::string& path, PairScore score);

}  // namespace senvec
