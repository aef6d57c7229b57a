#include "index/vector/row_map.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace senvec {

int64_t RowMap::RowOf(int64_t id) const {
  const auto found = rows_.find(id);
  return found == rows_.end() ? -1 : found->second;
}

absl::Status RowMap::CheckNew(absl::Span<const int64_t> ids) const {
  absl::flat_hash_set<int64_t> seen;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0) return absl::InvalidArgumentError(absl::StrCat("id ", ids[i], " at position ", i, " is negative"));
    if (rows_.contains(ids[i]) || !seen.insert(ids[i]).second) {
      return absl::AlreadyExistsError(absl::StrCat("id ", ids[i], " at position ", i, " is there already"));
    }
  }
  return absl::OkStatus();
}

void RowMap::Reserve(size_t count) {
  // Doubles at least, as push_back() would, so that many small additions stay linear.
  const size_t needed = ids_.size() + count;
  if (needed > ids_.capacity()) ids_.reserve(std::max(needed, 2 * ids_.capacity()));
  rows_.reserve(rows_.size() + count);
}

void RowMap::Append(absl::Span<const int64_t> ids) {
  for (int64_t id : ids) {
    rows_[id] = total();
    ids_.push_back(id);
  }
}

bool RowMap::Kill(int64_t id) {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return false;
  ids_[found->second] = kDead;
  rows_.erase(found);
  return true;
}

void RowMap::MoveLastInto(int64_t row) {
  const int64_t moved = ids_.back();
  ids_[row] = moved;
  ids_.pop_back();
  if (moved != kDead && row < total()) rows_[moved] = row;
}

bool RowMap::Assign(std::vector<int64_t> ids) {
  ids_ = std::move(ids);
  rows_.clear();
  for (size_t row = 0; row < ids_.size(); ++row) {
    if (ids_[row] < kDead) return false;
    if (ids_[row] != kDead && !rows_.emplace(ids_[row], row).second) return false;
  }
  return true;
}

absl::StatusOr<std::vector<float>> PrepareRows(const VectorIndexOptions& options, absl::Span<const float> rows,
                                               size_t num_rows, absl::string_view what) {
  const size_t dim = static_cast<size_t>(options.dim);
  if (rows.size() != num_rows * dim) {
    return absl::InvalidArgumentError(absl::StrCat(rows.size(), " values are not ", num_rows, " ", what, " of ", dim));
  }
  std::vector<float> stored(rows.begin(), rows.end());
  for (size_t row = 0; row < num_rows; ++row) {
    float* values = stored.data() + row * dim;
    for (size_t d = 0; d < dim; ++d) {
      if (!std::isfinite(values[d])) {
        return absl::InvalidArgumentError(absl::StrCat(what, " ", row, ": value ", d, " is ", values[d]));
      }
    }
    if (options.metric != Metric::kCosine) continue;
    // In fp64, so that no finite vector overflows or vanishes.
    double squares = 0;
    for (size_t d = 0; d < dim; ++d) squares += double{values[d]} * values[d];
    if (squares == 0) {
      return absl::InvalidArgumentError(absl::StrCat(what, " ", row, " is the zero vector, which has no cosine"));
    }
    const double inverse = 1 / std::sqrt(squares);
    for (size_t d = 0; d < dim; ++d) values[d] = static_cast<float>(values[d] * inverse);
  }
  return stored;
}

}  // namespace senvec
