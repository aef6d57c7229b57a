#include "scoring/hub_corrections.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

// Equal cosines by row, so that a table does not depend on the order in which its rows came.
bool Nearer(const HubNeighbor& a, const HubNeighbor& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

}  // namespace

absl::Status HubOptions::Validate() const {
  if (neighbors < 1 || neighbors > 1000) {
    return absl::InvalidArgumentError(absl::StrCat("\"neighbors\" must be in [1, 1000], got ", neighbors));
  }
  if (reach != 0 && reach < neighbors) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"reach\" must be 0 or at least \"neighbors\" (", neighbors, "), got ", reach));
  }
  return absl::OkStatus();
}

absl::StatusOr<HubCorrections> HubCorrections::Create(const HubOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return HubCorrections(options);
}

size_t HubCorrections::FullLength() const {
  return std::min<size_t>(static_cast<size_t>(options_.neighbors), lists_.empty() ? 0 : lists_.size() - 1);
}

// What the source finds and the table knows: the source may hold rows that were not added yet.
absl::StatusOr<std::vector<HubNeighbor>> HubCorrections::Search(int64_t row, int32_t k,
                                                                const HubNeighborSource& source) const {
  SENVEC_ASSIGN_OR_RETURN(std::vector<HubNeighbor> found, source.NearestTo(row, k));
  for (const HubNeighbor& neighbor : found) {
    if (std::isfinite(neighbor.cosine)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("rows ", row, " and ", neighbor.row, " have cosine ", neighbor.cosine));
  }
  std::erase_if(found, [&](const HubNeighbor& neighbor) { return neighbor.row == row || !Contains(neighbor.row); });
  std::sort(found.begin(), found.end(), Nearer);
  return found;
}

void HubCorrections::SetList(int64_t row, std::vector<HubNeighbor> list) {
  if (list.size() > static_cast<size_t>(options_.neighbors)) list.resize(static_cast<size_t>(options_.neighbors));
  std::vector<HubNeighbor>& old = lists_[row];
  for (const HubNeighbor& neighbor : old) listed_in_[neighbor.row].erase(row);
  for (const HubNeighbor& neighbor : list) listed_in_[neighbor.row].insert(row);
  old = std::move(list);
}

void HubCorrections::Offer(int64_t row, const HubNeighbor& added) {
  std::vector<HubNeighbor>& list = lists_[row];
  const bool full = list.size() == static_cast<size_t>(options_.neighbors);
  if (full && !Nearer(added, list.back())) return;
  if (full) {
    listed_in_[list.back().row].erase(row);
    list.pop_back();
  }
  list.insert(std::upper_bound(list.begin(), list.end(), added, Nearer), added);
  listed_in_[added.row].insert(row);
}

absl::Status HubCorrections::Add(int64_t row, const HubNeighborSource& source) {
  if (Contains(row)) return absl::AlreadyExistsError(absl::StrCat("row ", row, " is there already"));
  const int32_t k = options_.reach == 0 ? std::numeric_limits<int32_t>::max() : options_.reach;
  SENVEC_ASSIGN_OR_RETURN(std::vector<HubNeighbor> near, Search(row, k, source));
  lists_[row];
  for (const HubNeighbor& neighbor : near) Offer(neighbor.row, {row, neighbor.cosine});
  SetList(row, std::move(near));
  return absl::OkStatus();
}

absl::Status HubCorrections::Remove(int64_t row, const HubNeighborSource& source) {
  if (!Contains(row)) return absl::NotFoundError(absl::StrCat("row ", row, " is not there"));
  SetList(row, {});
  const absl::flat_hash_set<int64_t> holders = std::move(listed_in_[row]);
  lists_.erase(row);
  listed_in_.erase(row);
  for (const int64_t holder : holders) {
    std::erase_if(lists_[holder], [&](const HubNeighbor& neighbor) { return neighbor.row == row; });
  }
  for (const int64_t holder : holders) {
    SENVEC_ASSIGN_OR_RETURN(std::vector<HubNeighbor> near, Search(holder, options_.neighbors, source));
    SetList(holder, std::move(near));
  }
  return absl::OkStatus();
}

absl::Status HubCorrections::Repair(const HubNeighborSource& source) {
  std::vector<int64_t> shortened;
  for (const auto& [row, list] : lists_) {
    if (list.size() < FullLength()) shortened.push_back(row);
  }
  for (const int64_t row : shortened) {
    SENVEC_ASSIGN_OR_RETURN(std::vector<HubNeighbor> near, Search(row, options_.neighbors, source));
    SetList(row, std::move(near));
  }
  return absl::OkStatus();
}

absl::Status HubCorrections::Rebuild(absl::Span<const int64_t> rows, const HubNeighborSource& source) {
  HubCorrections made(options_);
  for (const int64_t row : rows) made.lists_[row];
  SENVEC_RETURN_IF_ERROR(made.Repair(source));
  *this = std::move(made);
  return absl::OkStatus();
}

absl::Span<const HubNeighbor> HubCorrections::Neighbors(int64_t row) const {
  const auto list = lists_.find(row);
  return list == lists_.end() ? absl::Span<const HubNeighbor>() : absl::MakeConstSpan(list->second);
}

double HubCorrections::MeanCosine(int64_t row) const {
  double sum = 0;
  const absl::Span<const HubNeighbor> list = Neighbors(row);
  for (const HubNeighbor& neighbor : list) sum += neighbor.cosine;
  return list.empty() ? 0 : sum / static_cast<double>(list.size());
}

double HubCorrections::FarthestCosine(int64_t row) const {
  const absl::Span<const HubNeighbor> list = Neighbors(row);
  return list.empty() ? 1 : list.back().cosine;
}

}  // namespace senvec
