#include "dataio/pair_reader.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "dataio/line_reader.h"

namespace senvec {
namespace {

constexpr size_t kBadLinesShown = 5;

// What is wrong with the line, or "" and `pair` is filled.
std::string ParsePair(absl::string_view line, PairScore mode, ScoredPair& pair) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  const bool scored = fields.size() == 3;
  if (!scored && (fields.size() != 2 || mode == PairScore::kRequired)) {
    return absl::StrCat("expected text_a TAB text_b ",
                        mode == PairScore::kRequired ? "TAB score" : "[TAB score]", ", got ",
                        fields.size(), " field", fields.size() == 1 ? "" : "s");
  }
  if (scored && (!absl::SimpleAtod(fields[2], &pair.score) || !std::isfinite(pair.score))) {
    return absl::StrCat("score \"", fields[2].substr(0, 40), "\" is not a finite number");
  }
  pair.first = std::string(fields[0]);
  pair.second = std::string(fields[1]);
  return "";
}

}  // namespace

absl::StatusOr<std::vector<ScoredPair>> ReadPairs(const std::string& path, PairScore score) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> reader, LineReader::Open(path));
  std::vector<ScoredPair> pairs;
  std::vector<std::string> faults;
  size_t num_faults = 0;
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, reader->Next(line));
    if (!more) break;
    ScoredPair pair;
    const std::string fault = ParsePair(line, score, pair);
    if (fault.empty()) {
      pairs.push_back(std::move(pair));
    } else if (++num_faults <= kBadLinesShown) {
      faults.push_back(absl::StrCat("line ", reader->line_number(), ": ", fault));
    }
  }
  if (num_faults == 0) return pairs;
  return absl::InvalidArgumentError(absl::StrCat(
      reader->name(), ": ", num_faults, " bad line", num_faults == 1 ? "" : "s", ": ",
      absl::StrJoin(faults, "; "), num_faults > kBadLinesShown ? "; and more" : ""));
}

}  // namespace senvec
