#include "scoring/hub_corrections.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"
#include "kernels/kernels.h"

namespace senvec {
namespace {

// Rows read at once.
constexpr int64_t kBlock = 256;
// Rows compared with all others in one walk through them, and cosines of it at most.
constexpr int64_t kMaxSeekers = 2048;
constexpr int64_t kMaxCosines = 200'000'000;

// Equal cosines by row, so that a table does not depend on the order in which its rows came.
bool Nearer(const HubNeighbor& a, const HubNeighbor& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

// Puts `added` where it belongs in a list of at most `length`; false when it does not.
bool Insert(std::vector<HubNeighbor>& list, const HubNeighbor& added, size_t length) {
  if (list.size() >= length) {
    if (!Nearer(added, list.back())) return false;
    list.pop_back();
  }
  list.insert(std::upper_bound(list.begin(), list.end(), added, Nearer), added);
  return true;
}

}  // namespace

absl::Status HubOptions::Validate() const {
  for (const auto& [name, value, low] : {std::tuple("neighbors", neighbors, 1), std::tuple("spare", spare, 0)}) {
    if (value >= low && value <= 1000) continue;
    return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" must be in [", low, ", 1000], got ", value));
  }
  return absl::OkStatus();
}

// Some rows that are compared with all.
class HubCorrections::Comparison {
 public:
  // `seekers`: places among the ids of `rows`.
  Comparison(HubCorrections& table, const HubRows& rows, absl::Span<const int64_t> seekers)
      : table_(table),
        rows_(rows),
        dim_(static_cast<size_t>(rows.dim())),
        floors_(seekers.size(), -std::numeric_limits<float>::infinity()) {
    for (const int64_t place : seekers) {
      const uint32_t row = rows.ids()[static_cast<size_t>(place)];
      seekers_.push_back({row, !table.Contains(row), {}});
    }
  }

  absl::Status Read(absl::Span<const int64_t> seekers) {
    std::vector<float> vectors(seekers.size() * dim_);
    for (size_t i = 0; i < seekers.size(); ++i) {
      SENVEC_RETURN_IF_ERROR(rows_.Read(seekers[i], 1, absl::MakeSpan(vectors).subspan(i * dim_, dim_)));
    }
    packed_.emplace(PackedMatrix::Pack(vectors, {}, static_cast<int64_t>(seekers.size()), static_cast<int64_t>(dim_),
                                       Precision::kFp32, KernelsFor(SupportedIsas().back())));
    return absl::OkStatus();
  }

  // Rows [first, first + count) of ids(), whose vectors `block` holds, against all seekers. A product's bits do not
  // depend on what stands beside it, so that a cosine is the same whenever it is computed.
  void Take(int64_t first, int64_t count, const std::vector<float>& block) {
    LeftOperand left;
    left.View(block.data(), count, static_cast<int64_t>(dim_), static_cast<int64_t>(dim_));
    cosines_.resize(static_cast<size_t>(count) * seekers_.size());
    packed_->Multiply(left, nullptr, {.fp32 = cosines_.data()});
    for (int64_t i = 0; i < count; ++i) {
      TakeRow(rows_.ids()[static_cast<size_t>(first + i)], cosines_.data() + static_cast<size_t>(i) * seekers_.size());
    }
  }

  void Finish() {
    for (Seeker& seeker : seekers_) {
      table_.Mark(seeker.row, seeker.is_new ? Change::kAdded : Change::kChanged);
      seeker.list.shrink_to_fit();
      table_.lists_[seeker.row] = std::move(seeker.list);
      table_.made_.insert(seeker.row);
    }
  }

 private:
  struct Seeker {
    uint32_t row;
    bool is_new;
    std::vector<HubNeighbor> list;
  };

  // One row's cosines with the seekers, both ways. Rows that are, were or will be seekers take care of their own lists.
  void TakeRow(uint32_t row, const float* cosines) {
    const auto own = std::lower_bound(seekers_.begin(), seekers_.end(), row,
                                      [](const Seeker& seeker, uint32_t id) { return seeker.row < id; });
    const bool is_seeker = own != seekers_.end() && own->row == row;
    const size_t length = table_.full_length();
    for (size_t i = 0; i < seekers_.size(); ++i) {
      // Also false for a cosine that is no number.
      if (!(cosines[i] >= floors_[i]) || seekers_[i].row == row) continue;
      std::vector<HubNeighbor>& list = seekers_[i].list;
      if (Insert(list, {row, cosines[i]}, length) && list.size() == length) floors_[i] = list.back().cosine;
    }
    if (is_seeker || table_.made_.contains(row)) return;
    if (const auto known = table_.lists_.find(row); known != table_.lists_.end()) OfferNew(row, cosines, known->second);
  }

  // The new ones among the seekers to the list of an old row. A list that ends before its full length ends where nothing
  // is known of what comes next, and never empty.
  void OfferNew(uint32_t row, const float* cosines, std::vector<HubNeighbor>& list) {
    bool changed = false;
    for (size_t i = 0; i < seekers_.size() && !list.empty(); ++i) {
      if (!(cosines[i] >= list.back().cosine) || !seekers_[i].is_new) continue;
      const HubNeighbor added = {seekers_[i].row, cosines[i]};
      changed = (Nearer(added, list.back()) && Insert(list, added, table_.full_length())) || changed;
    }
    if (changed) table_.Mark(row, Change::kChanged);
  }

  HubCorrections& table_;
  const HubRows& rows_;
  const size_t dim_;
  std::vector<Seeker> seekers_;  // by ascending row
  std::vector<float> floors_;    // of each, what is not nearer than the end of its full list
  std::optional<PackedMatrix> packed_;  // the seekers' vectors
  std::vector<float> cosines_;
};

absl::StatusOr<HubCorrections> HubCorrections::Create(const HubOptions& options) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  return HubCorrections(options);
}

void HubCorrections::Restore(uint32_t row, std::vector<HubNeighbor> list) {
  lists_[row] = std::move(list);
  is_restored_ = true;
}

void HubCorrections::Mark(uint32_t row, Change change) {
  const auto [known, is_new] = changes_.try_emplace(row, change);
  // What was added since the last TakeChanges() and changed after it is still added.
  if (!is_new && !(known->second == Change::kAdded && change == Change::kChanged)) known->second = change;
}

HubCorrections::Changes HubCorrections::TakeChanges() {
  Changes changes;
  for (const auto& [row, change] : changes_) {
    std::vector<uint32_t>& rows = change == Change::kChanged ? changes.changed
                                  : change == Change::kAdded ? changes.added
                                                             : changes.removed;
    rows.push_back(row);
  }
  changes_.clear();
  for (std::vector<uint32_t>* rows : {&changes.changed, &changes.added, &changes.removed}) {
    std::sort(rows->begin(), rows->end());
  }
  return changes;
}

// Lists keep their order and lose the rows that are gone, and those that were never shown to the table: of a table that
// was written in part.
void HubCorrections::RemoveAllBut(absl::Span<const uint32_t> ids) {
  bool any = std::exchange(is_restored_, false);
  for (auto entry = lists_.begin(); entry != lists_.end();) {
    if (std::binary_search(ids.begin(), ids.end(), entry->first)) {
      ++entry;
      continue;
    }
    Mark(entry->first, Change::kRemoved);
    lists_.erase(entry++);
    any = true;
  }
  if (!any) return;
  for (auto& [row, list] : lists_) {
    const size_t erased = std::erase_if(list, [&](const HubNeighbor& neighbor) { return !lists_.contains(neighbor.row); });
    if (erased > 0) Mark(row, Change::kChanged);
  }
}

// Places of the rows that are new or whose lists are too short. With few rows every list is of all others: those have no
// end that a new row could be compared with, and all are made anew.
std::vector<int64_t> HubCorrections::Seekers(absl::Span<const uint32_t> ids) const {
  const bool few = lists_.size() <= full_length() + 1 && lists_.size() < ids.size();
  const size_t wanted = std::min(static_cast<size_t>(options_.neighbors), ids.empty() ? 0 : ids.size() - 1);
  std::vector<int64_t> seekers;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto known = lists_.find(ids[i]);
    if (few || known == lists_.end() || known->second.size() < wanted) seekers.push_back(static_cast<int64_t>(i));
  }
  return seekers;
}

absl::Status HubCorrections::Compare(const HubRows& rows, absl::Span<const int64_t> seekers,
                                     absl::FunctionRef<bool()> go_on) {
  Comparison comparison(*this, rows, seekers);
  SENVEC_RETURN_IF_ERROR(comparison.Read(seekers));
  const auto dim = static_cast<size_t>(rows.dim());
  const auto n = static_cast<int64_t>(rows.ids().size());
  std::vector<float> block;
  for (int64_t first = 0; first < n; first += kBlock) {
    if (!go_on()) return absl::CancelledError("hub corrections were not brought up to date");
    const int64_t count = std::min(kBlock, n - first);
    block.resize(static_cast<size_t>(count) * dim);
    SENVEC_RETURN_IF_ERROR(rows.Read(first, count, absl::MakeSpan(block)));
    comparison.Take(first, count, block);
  }
  comparison.Finish();
  return absl::OkStatus();
}

absl::Status HubCorrections::Update(const HubRows& rows, absl::FunctionRef<bool()> go_on) {
  const absl::Span<const uint32_t> ids = rows.ids();
  RemoveAllBut(ids);
  made_.clear();
  const std::vector<int64_t> seekers = Seekers(ids);
  const int64_t num_rows = std::max<int64_t>(1, static_cast<int64_t>(ids.size()));
  const int64_t at_once = std::clamp(kMaxCosines / num_rows, int64_t{16}, kMaxSeekers);
  for (absl::Span<const int64_t> left = seekers; !left.empty();) {
    const size_t count = std::min(left.size(), static_cast<size_t>(at_once));
    SENVEC_RETURN_IF_ERROR(Compare(rows, left.first(count), go_on));
    left.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Span<const HubNeighbor> HubCorrections::Neighbors(uint32_t row) const {
  const auto list = lists_.find(row);
  return list == lists_.end() ? absl::Span<const HubNeighbor>() : absl::MakeConstSpan(list->second);
}

std::optional<double> HubCorrections::MeanCosine(uint32_t row) const {
  const auto list = lists_.find(row);
  if (list == lists_.end()) return std::nullopt;
  const size_t count = std::min(list->second.size(), static_cast<size_t>(options_.neighbors));
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += list->second[i].cosine;
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace senvec
