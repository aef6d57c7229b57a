#include <utility>

#include "base/status_macros.h"
#include "index/vector/checked_rows.h"
#include "index/vector/exact_search.h"
#include "index/vector/index_kinds.h"

namespace senvec {
namespace {

// Mapped rows, all of which are looked at.
class ExactIndex : public VectorIndex {
 public:
  ExactIndex(std::shared_ptr<const MappedFile> bytes, const VectorFile& file, const StoredRows& rows)
      : bytes_(std::move(bytes)), options_(file.options()), num_rows_(file.num_rows()), rows_(rows) {}

  const VectorIndexOptions& options() const override { return options_; }
  int64_t size() const override { return num_rows_; }

  absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                            const VectorSearchOptions& options) const override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked, CheckedQueries(options_, num_rows_, queries, options));
    return ScanRows(rows_.table, num_rows_, checked, static_cast<size_t>(options.k), options.allowed, kNoFloor);
  }

  absl::StatusOr<std::vector<Neighbor>> RangeSearch(absl::Span<const float> query, float min_score,
                                                    const VectorSearchOptions& options) const override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked,
                            CheckedRangeQuery(options_, num_rows_, query, min_score, options));
    return std::move(
        ScanRows(rows_.table, num_rows_, checked, static_cast<size_t>(options.k), options.allowed, min_score)[0]);
  }

  void Reconstruct(int64_t row, absl::Span<float> out) const override {
    rows_.table.Read(static_cast<size_t>(row), out);
  }
  absl::Span<const uint32_t> row_ids() const override { return rows_.row_ids; }
  int64_t resident_bytes() const override { return num_rows_ * static_cast<int64_t>(rows_.table.stride()); }
  int64_t mapped_bytes() const override { return static_cast<int64_t>(bytes_->bytes().size()); }

 private:
  const std::shared_ptr<const MappedFile> bytes_;
  const VectorIndexOptions options_;
  const int64_t num_rows_;
  const StoredRows rows_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenExactIndex(std::shared_ptr<const MappedFile> bytes,
                                                            const VectorFile& file, const DistanceKernels& kernels) {
  SENVEC_ASSIGN_OR_RETURN(const StoredRows rows, OpenStoredRows(file, kernels));
  return std::make_unique<ExactIndex>(std::move(bytes), file, rows);
}

}  // namespace senvec
