#include "dataio/scored_pair_reader.h"

#include <cmath>
#include <initializer_list>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "dataio/line_reader.h"

namespace senvec {
namespace {

using Keys = std::initializer_list<absl::string_view>;

// The value of the first key that is there.
absl::StatusOr<const nlohmann::json*> Find(const nlohmann::json& object, Keys keys,
                                           absl::string_view where) {
  for (const absl::string_view key : keys) {
    const auto found = object.find(std::string(key));
    if (found != object.end() && !found->is_null()) return &*found;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": none of the keys ", absl::StrJoin(keys, ", "), " is there"));
}

absl::StatusOr<std::string> Text(const nlohmann::json& object, Keys keys, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json* value, Find(object, keys, where));
  if (value->is_string()) return value->get<std::string>();
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", absl::StrJoin(keys, "/"),
                                                 " must be a string, got ", value->type_name()));
}

absl::StatusOr<ScoredPair> ParseLine(absl::string_view line, absl::string_view where) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  if (!object.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected a JSON object, got ", object.type_name()));
  }
  ScoredPair pair;
  SENVEC_ASSIGN_OR_RETURN(pair.first, Text(object, {"sentence1", "text1", "anchor"}, where));
  SENVEC_ASSIGN_OR_RETURN(pair.second, Text(object, {"sentence2", "text2", "positive"}, where));
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json* score,
                          Find(object, {"score", "label", "similarity_score"}, where));
  if (score->is_number()) pair.score = score->get<double>();
  if (!score->is_number() || !std::isfinite(pair.score)) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": the score is ", DumpJson(*score).substr(0, 40), ", not a finite number"));
  }
  return pair;
}

absl::StatusOr<std::vector<ScoredPair>> ReadJsonLines(const std::string& path) {
  SENVEC_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(path));
  std::vector<ScoredPair> pairs;
  std::string line;
  while (true) {
    SENVEC_ASSIGN_OR_RETURN(const bool more, lines->Next(line));
    if (!more) return pairs;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const std::string where = absl::StrCat(lines->name(), ": line ", lines->line_number());
    SENVEC_ASSIGN_OR_RETURN(ScoredPair pair, ParseLine(line, where));
    pairs.push_back(std::move(pair));
  }
}

}  // namespace

absl::StatusOr<std::vector<ScoredPair>> ReadScoredPairs(const std::string& path) {
  if (absl::EndsWith(path, ".jsonl")) return ReadJsonLines(path);
  return ReadPairs(path, PairScore::kRequired);
}

}  // namespace senvec
