#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataio/pair_reader.h"

namespace senvec {

// Reads a data set of scored pairs; the form is told by the name's end.
//   .jsonl  one object a line with the sentences in "sentence1" and "sentence2" (or "text1"/"text2",
//           "anchor"/"positive") and a number in "score" or "label" ("similarity_score" too), as MTEB
//           and Hugging Face data sets have; other keys are ignored; blank lines are skipped. MTEB's pair
//           classification has lists of equal length there ("labels" too): a pair of each place
//   else    "text_a TAB text_b TAB score", see ReadPairs()
// InvalidArgument names file, line and fault. A file without a pair gives none.
absl::StatusOr<std::vector<ScoredPair>> ReadScoredPairs(const std::string& path);

}  // namespace senvec
