#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "index/vector/checked_rows.h"
#include "index/vector/exact_search.h"
#include "index/vector/row_table.h"
#include "index/vector/vector_index.h"

namespace senvec {
namespace {

// Rows in memory that is reserved once, so that they never move: a search reads how many there are and looks at no more.
class ReservedRows : public GrowingIndex {
 public:
  ReservedRows(const VectorIndexOptions& options, int64_t capacity, char* memory, size_t bytes)
      : options_(options),
        capacity_(capacity),
        memory_(memory),
        bytes_(bytes),
        table_(options, memory, DistanceKernelsFor(SupportedIsas().back())) {}
  ~ReservedRows() override { ::munmap(memory_, bytes_); }

  const VectorIndexOptions& options() const override { return options_; }
  int64_t size() const override { return size_.load(std::memory_order_acquire); }

  absl::StatusOr<int64_t> Append(absl::Span<const float> rows) override {
    const size_t dim = static_cast<size_t>(options_.dim);
    if (rows.size() % dim != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(rows.size(), " values are no rows of ", dim, " values; the index has dim ", dim));
    }
    const int64_t first = size_.load(std::memory_order_relaxed);
    const int64_t count = static_cast<int64_t>(rows.size() / dim);
    if (count > capacity_ - first) {
      return absl::ResourceExhaustedError(absl::StrCat("the index has room for ", capacity_ - first, " more rows of ",
                                                       capacity_, ", ", count, " were to be added"));
    }
    std::vector<float> checked(rows.begin(), rows.end());
    SENVEC_RETURN_IF_ERROR(CheckRows(options_, "row", 0, absl::MakeSpan(checked)));
    RowTable::Encode(options_, table_.kernels(), checked, memory_ + static_cast<size_t>(first) * table_.stride());
    size_.store(first + count, std::memory_order_release);
    return first;
  }

  absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                            const VectorSearchOptions& options) const override {
    const int64_t rows = Visible(options);
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked, CheckedQueries(options_, rows, queries, options));
    return ScanRows(table_, rows, checked, static_cast<size_t>(options.k), options.allowed, kNoFloor);
  }

  absl::StatusOr<std::vector<Neighbor>> RangeSearch(absl::Span<const float> query, float min_score,
                                                    const VectorSearchOptions& options) const override {
    const int64_t rows = Visible(options);
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked,
                            CheckedRangeQuery(options_, rows, query, min_score, options));
    return std::move(ScanRows(table_, rows, checked, static_cast<size_t>(options.k), options.allowed, min_score)[0]);
  }

  void Reconstruct(int64_t row, absl::Span<float> out) const override { table_.Read(static_cast<size_t>(row), out); }
  absl::Span<const uint32_t> row_ids() const override { return {}; }
  int64_t resident_bytes() const override { return size() * static_cast<int64_t>(table_.stride()); }
  int64_t mapped_bytes() const override { return 0; }

 private:
  // A filter is made for the rows of some moment; later ones are not allowed by it.
  int64_t Visible(const VectorSearchOptions& options) const {
    return options.allowed == nullptr ? size() : std::min(size(), options.allowed->num_rows());
  }

  const VectorIndexOptions options_;
  const int64_t capacity_;
  char* const memory_;
  const size_t bytes_;
  const RowTable table_;
  std::atomic<int64_t> size_{0};
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrowingIndex>> GrowingIndex::Create(const VectorIndexOptions& options,
                                                                   int64_t capacity) {
  SENVEC_RETURN_IF_ERROR(options.Validate());
  if (options.kind != IndexKind::kExact) {
    return absl::InvalidArgumentError(
        absl::StrCat("an index that grows is of kind exact, not ", IndexKindName(options.kind)));
  }
  if (capacity < 1 || capacity > int64_t{1} << 31) {
    return absl::InvalidArgumentError(absl::StrCat("capacity is ", capacity, "; it must be in [1, 2^31]"));
  }
  const size_t bytes = static_cast<size_t>(capacity) * RowTable::RowBytes(options);
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return ErrnoToStatus(errno, absl::StrCat("cannot reserve ", bytes, " bytes for rows"));
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  return std::make_unique<ReservedRows>(options, capacity, static_cast<char*>(memory), bytes);
}

}  // namespace senvec
