#include "index/row_reader.h"

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace senvec {
namespace {

constexpr int64_t kReadahead = 4 << 20;
// Rows skipped one by one before it is cheaper to look the next one up.
constexpr int kMaxSteps = 16;

absl::Status Lost(RowId row) {
  return absl::DataLossError(absl::StrCat("the vector of row ", row, " is lost; restore the collection from a snapshot"));
}

// Moves `walk`, which stands before `key`, to it.
void Advance(KvIterator& walk, absl::string_view key) {
  for (int step = 0; walk.Valid() && walk.key() < key; ++step) {
    if (step == kMaxSteps) return walk.Seek(key);
    walk.Next();
  }
}

}  // namespace

absl::Status DecodeVector(RowId row, absl::string_view bytes, absl::Span<float> out) {
  if (bytes.size() != out.size() * sizeof(float)) {
    return absl::DataLossError(absl::StrCat("the vector of row ", row, " has ", bytes.size(), " bytes, not ",
                                            out.size() * sizeof(float), "; restore the collection from a snapshot"));
  }
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::Status StoredRows::Read(int64_t first, int64_t count, absl::Span<float> out) const {
  if (walk_ == nullptr) walk_ = store_.Iterate(Table::kVectors, snapshot_.get(), kReadahead);
  for (int64_t i = 0; i < count; ++i) {
    const RowId row = ids_[static_cast<size_t>(first + i)];
    const std::string key = RowKey(row);
    if (i == 0 && (!walk_->Valid() || walk_->key() > key)) walk_->Seek(key);
    Advance(*walk_, key);
    SENVEC_RETURN_IF_ERROR(walk_->status());
    if (!walk_->Valid() || walk_->key() != key) return Lost(row);
    SENVEC_RETURN_IF_ERROR(DecodeVector(row, walk_->value(), out.subspan(static_cast<size_t>(i) * dim_, dim_)));
  }
  return absl::OkStatus();
}

}  // namespace senvec
