#include "cli/search_output.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/json.h"

namespace senvec {
namespace {

// Ids wider than this do not push all other rows to the right.
constexpr size_t kWidestId = 24;

std::string MeaningName(const Hit& hit) { return hit.group.empty() ? hit.id : hit.group; }

// Five characters at least; with the published margin probabilities of good answers may be tiny.
std::string Probability(double p) { return p > 0 && p < 0.0005 ? absl::StrFormat("%.0e", p) : absl::StrFormat("%.3f", p); }

// One number where both ends look the same.
std::string Interval(const MarginScore& score) {
  const std::string low = Probability(score.probability_low), high = Probability(score.probability_high);
  return low == high ? low : absl::StrCat(low, " to ", high);
}

std::string VerdictLine(const MeaningResult& result) {
  if (result.meanings.empty()) return "  unknown: nothing was found\n";
  const Meaning& best = result.meanings[0];
  const std::string name = MeaningName(best.members[0]), p = Interval(best.margin);
  switch (result.verdict) {
    case Verdict::kAccepted:
      return absl::StrCat("  accepted: ", name, ", p = ", p, "\n");
    case Verdict::kAmbiguous: {
      std::vector<std::string> rivals;
      for (const Hit& rival : result.rivals) rivals.push_back(MeaningName(rival));
      return absl::StrCat("  ambiguous: ", name, " or ", absl::StrJoin(rivals, ", "), "? p = ", p, " for the first\n");
    }
    case Verdict::kUnknown:
      break;
  }
  return absl::StrCat("  unknown: no answer is near enough; the best is ", name, ", p = ", p, "\n");
}

std::string Score(const Hit& hit) { return absl::StrFormat("%.4f", hit.score); }

// So that columns stand below each other.
struct Widths {
  explicit Widths(const MeaningResult& result) {
    for (const Meaning& meaning : result.meanings) {
      for (const Hit& hit : meaning.members) {
        id = std::max(id, static_cast<int>(std::min(hit.id.size(), kWidestId)));
        score = std::max(score, static_cast<int>(Score(hit).size()));
      }
    }
  }
  int id = 8, score = 0;
};

nlohmann::json HitJson(const Hit& hit) {
  nlohmann::json json = {{"id", hit.id}, {"score", hit.score}, {"text", hit.text}};
  if (!hit.group.empty()) json["group"] = hit.group;
  if (!hit.metadata_json.empty()) json["metadata"] = nlohmann::json::parse(hit.metadata_json, nullptr, false);
  return json;
}

nlohmann::json MeaningJson(const SearchAsk& ask, const Meaning& meaning) {
  nlohmann::json json = HitJson(meaning.members[0]);
  if (!ask.is_for_meanings()) return json;
  json["num_members"] = meaning.num_found;
  json["members"] = nlohmann::json::array();
  for (size_t i = 1; i < meaning.members.size(); ++i) json["members"].push_back(HitJson(meaning.members[i]));
  if (!ask.by_margin) return json;
  json["probability"] = {{"low", meaning.margin.probability_low}, {"high", meaning.margin.probability_high}};
  return json;
}

nlohmann::json MarginJson(const SearchAnswer& answer) {
  const MarginOptions& margin = *answer.margin;
  return {{"scale", margin.scale},
          {"margin", margin.margin},
          {"background", margin.background.has_value() ? nlohmann::json(*margin.background) : nlohmann::json()},
          {"accept_probability", margin.accept_probability},
          {"ambiguity", margin.ambiguity},
          {"calibrated", answer.is_calibrated}};
}

}  // namespace

std::string SearchTable(const std::string& query, const SearchAsk& ask, const MeaningResult& result) {
  std::string text = absl::StrCat(query, "\n");
  if (ask.by_margin) absl::StrAppend(&text, VerdictLine(result));
  const Widths widths(result);
  for (size_t i = 0; i < result.meanings.size(); ++i) {
    const Meaning& meaning = result.meanings[i];
    for (size_t m = 0; m < meaning.members.size(); ++m) {
      const Hit& hit = meaning.members[m];
      absl::StrAppend(&text, m == 0 ? absl::StrFormat("%4d", i + 1) : "    ");
      if (ask.by_margin && m == 0) absl::StrAppendFormat(&text, "  p %5s", Probability(meaning.margin.probability_low));
      if (ask.by_margin && m > 0) absl::StrAppend(&text, "         ");
      absl::StrAppendFormat(&text, "  %*s  %-*s  %s%s\n", widths.score, Score(hit), widths.id, hit.id, hit.text,
                            hit.group.empty() || m > 0 ? "" : absl::StrCat("  [", hit.group, "]"));
    }
  }
  if (result.meanings.empty() && !ask.by_margin) text += "  nothing was found\n";
  return text;
}

std::string SearchJsonLine(const std::string& query, const SearchAsk& ask, const SearchAnswer& answer,
                           const MeaningResult& result) {
  nlohmann::json json = {{"query", query}, {"hits", nlohmann::json::array()}};
  for (const Meaning& meaning : result.meanings) json["hits"].push_back(MeaningJson(ask, meaning));
  if (ask.by_margin) {
    json["verdict"] = std::string(VerdictName(result.verdict));
    json["rivals"] = nlohmann::json::array();
    for (const Hit& rival : result.rivals) json["rivals"].push_back(HitJson(rival));
    json["tail"] = {{"documents", result.tail.num_classes}, {"largest_cosine", result.tail.largest_cosine}};
    json["margin"] = MarginJson(answer);
  }
  return DumpJson(json) + "\n";
}

}  // namespace senvec
