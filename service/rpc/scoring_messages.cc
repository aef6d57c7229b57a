#include "service/rpc/scoring_messages.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int32_t kMaxMembers = 100;
constexpr int32_t kDefaultCandidates = 100;

v1::Verdict VerdictMessage(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return v1::VERDICT_ACCEPTED;
    case Verdict::kAmbiguous:
      return v1::VERDICT_AMBIGUOUS;
    case Verdict::kUnknown:
      break;
  }
  return v1::VERDICT_UNKNOWN;
}

absl::Status CheckScoring(const v1::SearchRequest& request) {
  switch (request.scoring()) {
    case v1::SCORING_UNSPECIFIED:
    case v1::SCORING_METRIC:
    case v1::SCORING_CSLS:
      break;
    case v1::SCORING_MARGIN:
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(absl::StrCat("scoring is ", static_cast<int>(request.scoring()),
                                                     "; it is SCORING_METRIC (1), SCORING_MARGIN (2) or SCORING_CSLS (3)"));
  }
  if (!request.has_margin()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "margin is set, but scoring is not SCORING_MARGIN (2); set scoring to that, or leave margin out");
}

absl::StatusOr<bool> IsGrouped(const v1::SearchRequest& request) {
  const bool by_margin = request.scoring() == v1::SCORING_MARGIN;
  switch (request.group_by()) {
    case v1::GROUP_BY_UNSPECIFIED:
      return by_margin;
    case v1::GROUP_BY_GROUP:
      return true;
    case v1::GROUP_BY_NONE:
      break;
    default:
      return absl::InvalidArgumentError(absl::StrCat("group_by is ", static_cast<int>(request.group_by()),
                                                     "; it is GROUP_BY_NONE (1) or GROUP_BY_GROUP (2)"));
  }
  if (!by_margin) return false;
  return absl::InvalidArgumentError(
      "group_by is GROUP_BY_NONE, but SCORING_MARGIN compares meanings; leave group_by out, or score by SCORING_METRIC");
}

absl::Status CheckInteger(const char* field, int32_t value, int32_t low, int32_t high, absl::string_view zero) {
  if (value == 0 || (value >= low && value <= high)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; it must be in [", low, ", ", high, "], or 0 for ", zero));
}

absl::Status CheckCandidates(const v1::SearchRequest& request, int32_t candidates, const RpcLimits& limits) {
  const int64_t documents = int64_t{candidates} * request.queries_size();
  if (documents <= limits.max_hits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      request.queries_size(), " queries with candidates = ", candidates, " look at ", documents, " documents; a call takes at most ",
      limits.max_hits, ", so lower candidates or split the queries over several calls"));
}

// Documents to look at for each query. `fallback`: where the request does not say.
absl::StatusOr<int32_t> CandidatesOf(const v1::SearchRequest& request, int32_t fallback, const RpcLimits& limits) {
  int32_t candidates = request.candidates();
  if (candidates == 0) candidates = std::min(std::max(request.k(), fallback), limits.max_k);
  if (candidates < request.k()) {
    return absl::InvalidArgumentError(
        absl::StrCat("candidates is ", candidates, ", but k is ", request.k(), "; raise candidates or lower k"));
  }
  SENVEC_RETURN_IF_ERROR(CheckInteger("candidates", candidates, 1, limits.max_k, "the default"));
  SENVEC_RETURN_IF_ERROR(CheckCandidates(request, candidates, limits));
  return candidates;
}

}  // namespace

absl::StatusOr<MarginOptions> MarginOf(const v1::MarginParameters& parameters, const MarginOptions& base,
                                       absl::string_view field) {
  const auto value = [](bool is_set, double given) { return is_set ? std::optional<double>(given) : std::nullopt; };
  const MarginOverrides overrides = {.scale = value(parameters.has_scale(), parameters.scale()),
                                     .margin = value(parameters.has_margin(), parameters.margin()),
                                     .background = value(parameters.has_background(), parameters.background()),
                                     .accept_probability = value(parameters.has_accept_probability(), parameters.accept_probability()),
                                     .ambiguity = value(parameters.has_ambiguity(), parameters.ambiguity()),
                                     .no_background = parameters.no_background()};
  absl::StatusOr<MarginOptions> options = overrides.On(base);
  if (options.ok()) return options;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", options.status().message()));
}

v1::MarginParameters MarginMessage(const MarginOptions& options) {
  v1::MarginParameters message;
  message.set_scale(options.scale);
  message.set_margin(options.margin);
  if (options.background.has_value()) message.set_background(*options.background);
  message.set_no_background(!options.background.has_value());
  message.set_accept_probability(options.accept_probability);
  message.set_ambiguity(options.ambiguity);
  return message;
}

absl::StatusOr<ScoringFile> ScoringFileOf(const v1::CollectionScoring& message) {
  ScoringFile scoring;
  SENVEC_ASSIGN_OR_RETURN(scoring.options, MarginOf(message.margin(), MarginOptions(), "scoring.margin"));
  SENVEC_RETURN_IF_ERROR(CheckInteger("scoring.candidates", message.candidates(), 1, 10000, "100"));
  scoring.candidates = message.candidates() == 0 ? kDefaultCandidates : message.candidates();
  scoring.precision = message.target_precision();
  scoring.model_fingerprint = message.model_fingerprint();
  scoring.whitening_fingerprint = message.whitening_fingerprint();
  for (const auto& [name, value] : message.measured()) scoring.measured[name] = value;
  if (const absl::Status valid = scoring.Validate(); !valid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("scoring: ", valid.message()));
  }
  return scoring;
}

v1::CollectionScoring ScoringMessage(const ScoringFile& scoring) {
  v1::CollectionScoring message;
  *message.mutable_margin() = MarginMessage(scoring.options);
  message.set_candidates(scoring.candidates);
  message.set_target_precision(scoring.precision);
  message.set_model_fingerprint(scoring.model_fingerprint);
  message.set_whitening_fingerprint(scoring.whitening_fingerprint);
  message.mutable_measured()->insert(scoring.measured.begin(), scoring.measured.end());
  return message;
}

absl::StatusOr<bool> IsForMeanings(const v1::SearchRequest& request) {
  SENVEC_RETURN_IF_ERROR(CheckScoring(request));
  SENVEC_ASSIGN_OR_RETURN(const bool is_grouped, IsGrouped(request));
  SENVEC_RETURN_IF_ERROR(CheckInteger("members_per_group", request.members_per_group(), 1, kMaxMembers, "1"));
  if (is_grouped) return true;
  const int32_t candidates = request.scoring() == v1::SCORING_CSLS ? 0 : request.candidates();
  for (const auto& [field, value] : {std::pair("members_per_group", request.members_per_group()),
                                     std::pair("candidates", candidates)}) {
    if (value == 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", but hits are documents; set group_by to "
                                                   "GROUP_BY_GROUP (2), or leave ", field, " out"));
  }
  return false;
}

absl::Status TakeHubCorrection(const v1::SearchRequest& request, const RpcLimits& limits, SearchOptions& options) {
  if (request.scoring() != v1::SCORING_CSLS) return absl::OkStatus();
  options.correct_hubs = true;
  SENVEC_ASSIGN_OR_RETURN(options.hub_candidates, CandidatesOf(request, kDefaultCandidates, limits));
  return absl::OkStatus();
}

absl::StatusOr<MeaningSearchOptions> MeaningOptionsOf(const v1::SearchRequest& request,
                                                      const std::optional<ScoringFile>& calibrated, const RpcLimits& limits) {
  MeaningSearchOptions options;
  options.k = request.k();
  options.members = std::max(1, request.members_per_group());
  SENVEC_ASSIGN_OR_RETURN(options.candidates,
                          CandidatesOf(request, calibrated.has_value() ? calibrated->candidates : kDefaultCandidates, limits));
  if (request.scoring() == v1::SCORING_MARGIN) {
    const MarginOptions base = calibrated.has_value() ? calibrated->options : MarginOptions();
    SENVEC_ASSIGN_OR_RETURN(options.margin, MarginOf(request.margin(), base, "margin"));
  }
  return options;
}

int64_t AddMeanings(MeaningResult&& result, bool with_margin, const DocumentParts& parts,
                    v1::SearchResponse::Hits* list) {
  constexpr int64_t kFrame = 48;  // the verdict, the tail, a probability
  int64_t bytes = kFrame * static_cast<int64_t>(result.meanings.size() + 1);
  for (Meaning& meaning : result.meanings) {
    v1::Hit* hit = list->add_hits();
    bytes += FillHit(std::move(meaning.members[0]), parts, hit);
    hit->set_num_members(meaning.num_found);
    for (size_t i = 1; i < meaning.members.size(); ++i) {
      bytes += FillHit(std::move(meaning.members[i]), parts, hit->add_members());
    }
    if (!with_margin) continue;
    hit->mutable_probability()->set_low(meaning.margin.probability_low);
    hit->mutable_probability()->set_high(meaning.margin.probability_high);
  }
  if (!with_margin) return bytes;
  list->set_verdict(VerdictMessage(result.verdict));
  for (Hit& rival : result.rivals) bytes += FillHit(std::move(rival), parts, list->add_rivals());
  list->set_num_tail_documents(result.tail.num_classes);
  list->set_largest_tail_cosine(result.tail.largest_cosine);
  return bytes;
}

}  // namespace senvec
