#include "index/hub_column.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/hub_list.h"
#include "index/row_reader.h"
#include "index/view_parts.h"

namespace senvec {
namespace {

// Lists written at once.
constexpr size_t kListsOfABatch = 8192;

// A view's rows, as the store has their vectors.
class ViewRows : public HubRows {
 public:
  ViewRows(const KvStore& store, const View& view, int32_t dim)
      : dim_(dim), rows_(store, view.snapshot, LiveRows(view), static_cast<size_t>(dim)) {}

  absl::Span<const uint32_t> ids() const override { return rows_.ids(); }
  int32_t dim() const override { return dim_; }
  absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const override {
    return rows_.Read(first, count, out);
  }

 private:
  static std::vector<RowId> LiveRows(const View& view) {
    std::vector<RowId> rows;
    for (const ViewPart& part : view.parts) AppendLiveRows(part, rows);
    return rows;
  }

  const int32_t dim_;
  const StoredRows rows_;
};

std::string HubKey(RowId row) { return absl::StrCat(kHubPrefix, RowKey(row)); }

}  // namespace

absl::StatusOr<std::unique_ptr<HubColumn>> HubColumn::Load(const KvStore& store, int32_t dim) {
  std::unique_ptr<HubColumn> column(new HubColumn(store, dim));
  SENVEC_RETURN_IF_ERROR(column->LoadTable());
  return column;
}

absl::Status HubColumn::LoadTable() {
  SENVEC_ASSIGN_OR_RETURN(HubCorrections table, HubCorrections::Create({.neighbors = kNeighbors}));
  const auto walk = store_.Iterate(Table::kMeta, nullptr, 1 << 20);
  absl::flat_hash_map<RowId, float> means;
  double sum = 0;
  for (walk->Seek(kHubPrefix); walk->Valid() && absl::StartsWith(walk->key(), kHubPrefix); walk->Next()) {
    const std::optional<RowId> row = ParseRowKey(walk->key().substr(sizeof(kHubPrefix) - 1));
    absl::StatusOr<std::vector<HubNeighbor>> list = ParseHubList(walk->value());
    if (!row.has_value() || !list.ok()) continue;
    table.Restore(*row, *std::move(list));
    means[*row] = static_cast<float>(*table.MeanCosine(*row));
    sum += means[*row];
  }
  SENVEC_RETURN_IF_ERROR(walk->status());
  table_ = std::make_unique<HubCorrections>(std::move(table));
  MutexLock lock(&mutex_);
  means_ = std::move(means);
  sum_ = sum;
  return absl::OkStatus();
}

absl::Status HubColumn::Save(const HubCorrections::Changes& changes, Write write) const {
  std::unique_ptr<KvBatch> batch = store_.NewBatch();
  size_t size = 0;
  const auto flush = [&]() -> absl::Status {
    if (size == 0) return absl::OkStatus();
    SENVEC_RETURN_IF_ERROR(write(*batch));
    batch = store_.NewBatch();
    size = 0;
    return absl::OkStatus();
  };
  // Changed lists may name rows that are added: these come later, so that what is there after a crash can be made whole.
  for (const std::vector<uint32_t>* rows : {&changes.changed, &changes.added}) {
    for (const RowId row : *rows) {
      batch->Put(Table::kMeta, HubKey(row), SerializeHubList(table_->Neighbors(row)));
      if (++size == kListsOfABatch) SENVEC_RETURN_IF_ERROR(flush());
    }
  }
  for (const RowId row : changes.removed) {
    batch->Delete(Table::kMeta, HubKey(row));
    if (++size == kListsOfABatch) SENVEC_RETURN_IF_ERROR(flush());
  }
  return flush();
}

void HubColumn::Show(const HubCorrections::Changes& changes) {
  MutexLock lock(&mutex_);
  for (const RowId row : changes.removed) {
    const auto known = means_.find(row);
    if (known == means_.end()) continue;
    sum_ -= known->second;
    means_.erase(known);
  }
  for (const std::vector<uint32_t>* rows : {&changes.changed, &changes.added}) {
    for (const RowId row : *rows) {
      float& mean = means_[row];
      sum_ -= mean;
      mean = static_cast<float>(*table_->MeanCosine(row));
      sum_ += mean;
    }
  }
}

absl::Status HubColumn::Bring(const View& view, absl::FunctionRef<bool()> go_on, Write write) {
  if (table_ == nullptr) SENVEC_RETURN_IF_ERROR(LoadTable());
  SENVEC_RETURN_IF_ERROR(table_->Update(ViewRows(store_, view, dim_), go_on));
  const HubCorrections::Changes changes = table_->TakeChanges();
  SENVEC_RETURN_IF_ERROR(Save(changes, write));
  Show(changes);
  return absl::OkStatus();
}

absl::Status HubColumn::Update(const View& view, absl::FunctionRef<bool()> go_on, Write write) {
  absl::Status status = Bring(view, go_on, write);
  if (!status.ok()) table_.reset();
  return status;
}

void HubColumn::Means(absl::Span<const RowId> rows, absl::Span<float> out) const {
  ReaderMutexLock lock(&mutex_);
  const float average = means_.empty() ? 0 : static_cast<float>(sum_ / static_cast<double>(means_.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto known = means_.find(rows[i]);
    out[i] = known == means_.end() ? average : known->second;
  }
}

int64_t HubColumn::CountMissing(absl::Span<const RowId> rows) const {
  ReaderMutexLock lock(&mutex_);
  int64_t count = 0;
  for (const RowId row : rows) count += means_.contains(row) ? 0 : 1;
  return count;
}

}  // namespace senvec
