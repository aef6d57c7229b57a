#include "scoring/grouped_documents.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/isa.h"
#include "kernels/kernels.h"

namespace senvec {
namespace {

// Of fp32 vectors that were normalised, whatever was rounded afterwards.
constexpr double kLengthTolerance = 1e-2;

absl::Status CheckUnit(absl::Span<const float> vector, int32_t dim, absl::string_view what) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * value;
  if (vector.size() == static_cast<size_t>(dim) && std::abs(squares - 1) <= kLengthTolerance) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", vector.size(), " values of length ", std::sqrt(squares),
                                                 "; expected ", dim, " of length 1"));
}

}  // namespace

absl::Status GroupedDocuments::Add(std::string id, std::string group, absl::Span<const float> vector) {
  SENVEC_RETURN_IF_ERROR(CheckUnit(vector, dim_, absl::StrCat("the vector of document \"", id, "\"")));
  if (group.empty()) {
    lone_ids_.insert(id);
  } else {
    groups_seen_.insert(group);
  }
  ids_.push_back(std::move(id));
  groups_.push_back(std::move(group));
  rows_.insert(rows_.end(), vector.begin(), vector.end());
  return absl::OkStatus();
}

absl::Status GroupedDocuments::MakePrototypes() {
  const std::vector<absl::string_view> ids(ids_.begin(), ids_.end()), groups(groups_.begin(), groups_.end());
  SENVEC_ASSIGN_OR_RETURN(prototypes_, Prototypes::Build(ids, groups, rows_, dim_));
  return absl::OkStatus();
}

bool GroupedDocuments::HasClass(absl::string_view name) const {
  return groups_seen_.contains(name) || lone_ids_.contains(name);
}

absl::StatusOr<GroupedDocuments::Result> GroupedDocuments::Candidates(absl::Span<const float> query, int32_t k) const {
  SENVEC_RETURN_IF_ERROR(CheckUnit(query, dim_, "the query"));
  const Kernels& kernels = KernelsFor(SupportedIsas().back());
  std::vector<std::pair<float, size_t>> order(ids_.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = {kernels.dot(query.data(), rows_.data() + i * query.size(), query.size()), i};
  }
  const size_t n = std::min(order.size(), static_cast<size_t>(std::max(k, 1)));
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(n), order.end(),
                    [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<ScoredHit> hits;
  for (size_t i = 0; i < n; ++i) hits.push_back({ids_[order[i].second], groups_[order[i].second], order[i].first});
  Result result;
  SENVEC_ASSIGN_OR_RETURN(result.candidates, GroupHits(hits));
  result.tail.num_classes = size() - static_cast<int64_t>(hits.size());
  if (n > 0) result.tail.largest_cosine = hits.back().cosine;
  if (prototypes_.has_value()) {
    SENVEC_RETURN_IF_ERROR(prototypes_->Rescore(query, result.candidates));
    result.tail.largest_cosine = prototypes_->UpperBound(result.tail.largest_cosine);
  }
  return result;
}

}  // namespace senvec
