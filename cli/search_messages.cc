#include "cli/search_messages.h"

#include "base/status_macros.h"
#include "service/rpc/scoring_messages.h"

namespace senvec {
namespace {

v1::MarginParameters OverridesMessage(const MarginOverrides& overrides) {
  v1::MarginParameters message;
  if (overrides.scale.has_value()) message.set_scale(*overrides.scale);
  if (overrides.margin.has_value()) message.set_margin(*overrides.margin);
  if (overrides.background.has_value()) message.set_background(*overrides.background);
  if (overrides.accept_probability.has_value()) message.set_accept_probability(*overrides.accept_probability);
  if (overrides.ambiguity.has_value()) message.set_ambiguity(*overrides.ambiguity);
  message.set_no_background(overrides.no_background);
  return message;
}

Hit HitOf(const v1::Hit& message) {
  return {message.id(), message.score(), message.text(), message.metadata_json(), message.group()};
}

Verdict VerdictOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_ACCEPTED:
      return Verdict::kAccepted;
    case v1::VERDICT_AMBIGUOUS:
      return Verdict::kAmbiguous;
    default:
      return Verdict::kUnknown;
  }
}

MeaningResult ResultOf(const v1::SearchResponse::Hits& message) {
  MeaningResult result;
  for (const v1::Hit& hit : message.hits()) {
    Meaning& meaning = result.meanings.emplace_back();
    meaning.members.push_back(HitOf(hit));
    for (const v1::Hit& member : hit.members()) meaning.members.push_back(HitOf(member));
    meaning.num_found = hit.num_members();
    meaning.margin.probability_low = hit.probability().low();
    meaning.margin.probability_high = hit.probability().high();
  }
  result.verdict = VerdictOf(message.verdict());
  for (const v1::Hit& rival : message.rivals()) result.rivals.push_back(HitOf(rival));
  result.tail = {message.num_tail_documents(), message.largest_tail_cosine()};
  return result;
}

}  // namespace

v1::SearchRequest SearchMessage(const SearchAsk& ask) {
  v1::SearchRequest request;
  request.set_k(ask.search.k);
  request.set_ef_search(ask.search.ef_search);
  request.set_nprobe(ask.search.nprobe);
  request.set_filter(ask.search.filter);
  if (ask.search.min_score.has_value()) request.set_min_score(*ask.search.min_score);
  request.set_candidates(ask.candidates);
  if (ask.by_csls) request.set_scoring(v1::SCORING_CSLS);
  if (!ask.is_for_meanings()) return request;
  request.set_group_by(v1::GROUP_BY_GROUP);
  request.set_members_per_group(ask.members);
  if (!ask.by_margin) return request;
  request.set_scoring(v1::SCORING_MARGIN);
  *request.mutable_margin() = OverridesMessage(ask.margin);
  return request;
}

absl::StatusOr<SearchAnswer> AnswerOf(const v1::SearchResponse& response, const SearchAsk& ask) {
  if (ask.by_margin && !response.has_margin()) {
    return absl::UnimplementedError("the server is of an earlier version, which does not score by margin; leave --scoring out");
  }
  SearchAnswer answer;
  for (const v1::SearchResponse::Hits& hits : response.results()) answer.results.push_back(ResultOf(hits));
  if (!response.has_margin()) return answer;
  SENVEC_ASSIGN_OR_RETURN(answer.margin, MarginOf(response.margin(), MarginOptions(), "margin"));
  answer.is_calibrated = response.is_calibrated();
  return answer;
}

}  // namespace senvec
