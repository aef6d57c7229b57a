#include "index/view.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/status_macros.h"
#include "index/filter_rows.h"

namespace senvec {
namespace {

constexpr size_t kFiltersKept = 32;

// Better scores first, then older rows.
bool IsBetter(const RowHit& a, const RowHit& b) { return a.score > b.score || (a.score == b.score && a.row < b.row); }

}  // namespace

int64_t ViewPart::Find(RowId id) const {
  const auto found = std::lower_bound(ids.begin(), ids.end(), id);
  if (found == ids.end() || *found != id) return -1;
  return found - ids.begin();
}

const ViewPart* View::Find(RowId row, int64_t* local) const {
  for (const ViewPart& part : parts) {
    if (part.ids.empty() || part.ids.back() < row) continue;
    *local = part.Find(row);
    if (*local < 0) return nullptr;
    const auto place = static_cast<size_t>(*local);
    const bool is_live = part.live == nullptr || ((*part.live)[place / 64] >> (place % 64) & 1) != 0;
    return is_live ? &part : nullptr;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const FilterRows>> View::Filtered(const std::string& filter,
                                                                 const KvStore& store) const {
  {
    MutexLock lock(&mutex_);
    if (const auto known = filters_.find(filter); known != filters_.end()) return known->second;
  }
  SENVEC_ASSIGN_OR_RETURN(std::shared_ptr<const FilterRows> rows, EvaluateFilter(filter, *this, store));
  MutexLock lock(&mutex_);
  if (filters_.size() >= kFiltersKept) filters_.clear();
  filters_.emplace(filter, rows);
  return rows;
}

absl::StatusOr<std::vector<std::vector<Neighbor>>> View::SearchPart(const ViewPart& part,
                                                                    absl::Span<const float> queries, size_t dim,
                                                                    const SearchOptions& options,
                                                                    const RowFilter* allowed) const {
  VectorSearchOptions part_options;
  part_options.k = options.k;
  part_options.ef_search = options.ef_search;
  part_options.nprobe = options.nprobe;
  part_options.allowed = allowed;
  if (!options.min_score.has_value()) return part.index->Search(queries, part_options);
  std::vector<std::vector<Neighbor>> lists;
  for (size_t begin = 0; begin < queries.size(); begin += dim) {
    SENVEC_ASSIGN_OR_RETURN(lists.emplace_back(),
                            part.index->RangeSearch(queries.subspan(begin, dim), *options.min_score, part_options));
  }
  return lists;
}

absl::StatusOr<std::vector<std::vector<RowHit>>> View::Search(absl::Span<const float> queries, size_t dim,
                                                              const SearchOptions& options,
                                                              const KvStore& store) const {
  std::shared_ptr<const FilterRows> filtered;
  if (!options.filter.empty()) {
    SENVEC_ASSIGN_OR_RETURN(filtered, Filtered(options.filter, store));
  }
  std::vector<std::vector<RowHit>> results(queries.size() / dim);
  for (size_t p = 0; p < parts.size(); ++p) {
    const ViewPart& part = parts[p];
    const RowWords& words = filtered != nullptr ? filtered->words[p] : part.live;
    const int64_t count = filtered != nullptr ? filtered->counts[p] : part.live_count;
    if (count == 0) continue;
    // A growing index may hold rows by now that this view does not know: its words keep them out.
    std::optional<RowFilter> allowed;
    if (words != nullptr) allowed.emplace(*words, static_cast<int64_t>(words->size() * 64), count);
    SENVEC_ASSIGN_OR_RETURN(
        const auto lists,
        SearchPart(part, queries, dim, options, allowed.has_value() ? &*allowed : nullptr));
    for (size_t q = 0; q < lists.size(); ++q) {
      for (const Neighbor& neighbor : lists[q]) {
        results[q].push_back({part.ids[static_cast<size_t>(neighbor.id)], neighbor.score});
      }
    }
  }
  for (std::vector<RowHit>& hits : results) {
    std::sort(hits.begin(), hits.end(), IsBetter);
    if (hits.size() > static_cast<size_t>(options.k)) hits.resize(static_cast<size_t>(options.k));
  }
  return results;
}

}  // namespace senvec
