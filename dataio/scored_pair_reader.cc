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

constexpr Keys kFirst = {"sentence1", "text1", "anchor"};
constexpr Keys kSecond = {"sentence2", "text2", "positive"};
constexpr Keys kScore = {"score", "label", "similarity_score", "labels"};

absl::StatusOr<std::string> Text(const nlohmann::json& value, Keys keys, absl::string_view where) {
  if (value.is_string()) return value.get<std::string>();
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", absl::StrJoin(keys, "/"),
                                                 " must be a string, got ", value.type_name()));
}

absl::Status AddPair(const nlohmann::json& first, const nlohmann::json& second, const nlohmann::json& score,
                     absl::string_view where, std::vector<ScoredPair>& pairs) {
  ScoredPair pair;
  SENVEC_ASSIGN_OR_RETURN(pair.first, Text(first, kFirst, where));
  SENVEC_ASSIGN_OR_RETURN(pair.second, Text(second, kSecond, where));
  if (score.is_number()) pair.score = score.get<double>();
  if (!score.is_number() || !std::isfinite(pair.score)) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": the score is ", DumpJson(score).substr(0, 40), ", not a finite number"));
  }
  pairs.push_back(std::move(pair));
  return absl::OkStatus();
}

// A pair, or lists of the parts of many.
absl::Status ParseLine(absl::string_view line, absl::string_view where, std::vector<ScoredPair>& pairs) {
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json object, ParseJson(line, where));
  if (!object.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected a JSON object, got ", object.type_name()));
  }
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json* first, Find(object, kFirst, where));
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json* second, Find(object, kSecond, where));
  SENVEC_ASSIGN_OR_RETURN(const nlohmann::json* score, Find(object, kScore, where));
  if (!first->is_array()) return AddPair(*first, *second, *score, where, pairs);
  if (!second->is_array() || !score->is_array() || second->size() != first->size() || score->size() != first->size()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": ", first->size(), " first sentences are in a list, so second ones and scores",
                                                   " must be lists of as many"));
  }
  for (size_t i = 0; i < first->size(); ++i) {
    SENVEC_RETURN_IF_ERROR(AddPair((*first)[i], (*second)[i], (*score)[i], absl::StrCat(where, ": place ", i), pairs));
  }
  return absl::OkStatus();
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
    SENVEC_RETURN_IF_ERROR(ParseLine(line, where, pairs));
  }
}

}  // namespace

absl::StatusOr<std::vector<ScoredPair>> ReadScoredPairs(const std::string& path) {
  if (absl::EndsWith(path, ".jsonl")) return ReadJsonLines(path);
  return ReadPairs(path, PairScore::kRequired);
}

}  // namespace senvec
