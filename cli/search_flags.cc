#include "cli/search_flags.h"

#include <cmath>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/usage_error.h"

namespace senvec {
namespace {

// Empty = not given.
absl::StatusOr<std::optional<double>> NumberOf(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  double value = 0;
  if (absl::SimpleAtod(text, &value) && std::isfinite(value)) return value;
  return UsageError(absl::StrCat(flag, ": \"", text, "\" is not a number"));
}

absl::StatusOr<MarginOverrides> OverridesOf(const AskFlags& flags) {
  MarginOverrides overrides;
  SENVEC_ASSIGN_OR_RETURN(overrides.scale, NumberOf("--scale", flags.scale));
  SENVEC_ASSIGN_OR_RETURN(overrides.margin, NumberOf("--margin", flags.margin));
  SENVEC_ASSIGN_OR_RETURN(overrides.accept_probability, NumberOf("--accept", flags.accept));
  SENVEC_ASSIGN_OR_RETURN(overrides.ambiguity, NumberOf("--ambiguity", flags.ambiguity));
  overrides.no_background = flags.background == "none";
  if (!overrides.no_background) {
    SENVEC_ASSIGN_OR_RETURN(overrides.background, NumberOf("--background", flags.background));
  }
  SENVEC_RETURN_IF_ERROR(AsUsageError(overrides.On({}).status()));
  return overrides;
}

}  // namespace

absl::StatusOr<SearchAsk> AskOf(const FlagSet& given, const AskFlags& flags) {
  SearchAsk ask;
  ask.search = {.k = static_cast<int32_t>(flags.k), .ef_search = static_cast<int32_t>(flags.ef_search),
                .nprobe = static_cast<int32_t>(flags.nprobe), .filter = flags.filter, .min_score = {}};
  SENVEC_ASSIGN_OR_RETURN(const std::optional<double> min_score, NumberOf("--min-score", flags.min_score));
  if (min_score.has_value()) ask.search.min_score = static_cast<float>(*min_score);
  ask.by_margin = flags.scoring == "margin";
  ask.by_csls = flags.scoring == "csls";
  ask.by_group = flags.group;
  ask.members = static_cast<int32_t>(flags.members);
  ask.candidates = static_cast<int32_t>(flags.candidates);
  if (!ask.is_for_meanings()) {
    SENVEC_RETURN_IF_ERROR(given.RefuseGiven({"--members"}, "it goes with --group or --scoring margin"));
    if (!ask.by_csls) SENVEC_RETURN_IF_ERROR(given.RefuseGiven({"--candidates"}, "it goes with --group, --scoring margin or csls"));
  }
  if (!ask.by_margin) {
    SENVEC_RETURN_IF_ERROR(given.RefuseGiven({"--scale", "--margin", "--background", "--accept", "--ambiguity"},
                                             "it goes with --scoring margin"));
  }
  if (ask.candidates > 0 && ask.candidates < ask.search.k) {
    return UsageError(absl::StrCat("--candidates: ", ask.candidates, " is less than --k, ", ask.search.k));
  }
  ask.search.correct_hubs = ask.by_csls;
  if (ask.candidates > 0) ask.search.hub_candidates = ask.candidates;
  SENVEC_ASSIGN_OR_RETURN(ask.margin, OverridesOf(flags));
  return ask;
}

void DeclareAskFlags(FlagSet& flags, AskFlags& ask) {
  flags.Add("--k", "N", &ask.k, "hits for each query").Between(1, 10000);
  flags.Add("--filter", "EXPR", &ask.filter,
            "only documents whose metadata match, e.g. 'lang = \"en\" and year >= 2020'; docs/filters.md has the language");
  flags.Add("--min-score", "X", &ask.min_score, "leave out what scores less");
  flags.Add("--scoring", "NAME", &ask.scoring,
            "metric is how near documents are; margin how probable it is that a meaning is the answer, with a verdict; csls is "
            "metric corrected for documents that are near to everything (docs/scoring.md)")
      .OneOf({"metric", "margin", "csls"});
  flags.Add("--group", &ask.group, "a hit is a meaning: of each group the best document; --scoring margin does so anyway");
  flags.Add("--members", "N", &ask.members, "documents shown of each meaning").Between(1, 100);
  flags.Add("--candidates", "N", &ask.candidates,
            "documents that are looked at for meanings or csls; 0 = as the collection was calibrated, or 100")
      .Between(0, 10000);
  flags.Add("--scale", "S", &ask.scale, "margin: inverse temperature, instead of the collection's or 30");
  flags.Add("--margin", "M", &ask.margin, "margin: by how much the best must lead, instead of the collection's or 0.35");
  flags.Add("--background", "B", &ask.background, "margin: cosine of the unknown, or none, instead of the collection's or none");
  flags.Add("--accept", "P", &ask.accept, "margin: accept from this probability, instead of the collection's or 0.5");
  flags.Add("--ambiguity", "D", &ask.ambiguity, "margin: cosines so near the best are its rivals, instead of the collection's or 0");
  flags.Add("--ef-search", "N", &ask.ef_search,
            "hnsw: candidates; more find more of the true neighbours and take longer; 0 = the index's own")
      .Between(0, 100000);
  flags.Add("--nprobe", "N", &ask.nprobe, "ivf: lists to look into; 0 = the index's own").Between(0, 1048576);
}

}  // namespace senvec
