#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/vector/implementations.h"
#include "index/vector/row_map.h"
#include "kernels/kernels.h"

namespace senvec {
namespace {

bool Better(const Neighbor& a, const Neighbor& b) {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

// Every row is compared with every query.
class ExactIndex : public MutableIndex {
 public:
  explicit ExactIndex(const VectorIndexOptions& options) : options_(options), dim_(options.dim) {}

  const VectorIndexOptions& options() const override { return options_; }
  int64_t size() const override { return map_.live(); }

  absl::Status Add(absl::Span<const int64_t> ids, absl::Span<const float> rows) override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> stored, PrepareRows(options_, rows, ids.size(), "vector"));
    SENVEC_RETURN_IF_ERROR(map_.CheckNew(ids));
    rows_.insert(rows_.end(), stored.begin(), stored.end());
    map_.Append(ids);
    return absl::OkStatus();
  }

  int64_t Remove(absl::Span<const int64_t> ids) override {
    int64_t removed = 0;
    for (int64_t id : ids) {
      const int64_t row = map_.RowOf(id);
      if (row < 0) continue;
      map_.Kill(id);
      map_.MoveLastInto(row);
      std::copy(rows_.end() - dim_, rows_.end(), rows_.begin() + row * dim_);
      rows_.resize(rows_.size() - dim_);
      ++removed;
    }
    return removed;
  }

  bool Reconstruct(int64_t id, absl::Span<float> out) const override {
    const int64_t row = map_.RowOf(id);
    if (row < 0) return false;
    std::copy_n(rows_.begin() + row * dim_, dim_, out.begin());
    return true;
  }

  absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                            int32_t k) const override {
    if (k < 1) return absl::InvalidArgumentError(absl::StrCat("k is ", k, "; it must be at least 1"));
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> prepared,
                            PrepareRows(options_, queries, queries.size() / dim_, "query"));
    std::vector<std::vector<Neighbor>> results;
    for (size_t begin = 0; begin < prepared.size(); begin += dim_) {
      results.push_back(SearchOne(prepared.data() + begin, static_cast<size_t>(k)));
    }
    return results;
  }

  absl::Status Save(const std::string& path) const override {
    std::string payload(reinterpret_cast<const char*>(map_.ids().data()), map_.ids().size() * sizeof(int64_t));
    payload.append(reinterpret_cast<const char*>(rows_.data()), rows_.size() * sizeof(float));
    return WriteIndexFile(path, {options_, map_.total(), std::move(payload)});
  }

  absl::Status Load(const IndexFile& file, absl::string_view where) {
    const size_t row_bytes = sizeof(int64_t) + dim_ * sizeof(float);
    const size_t n = static_cast<size_t>(file.num_rows);
    std::vector<int64_t> ids(file.payload.size() / row_bytes);
    if (n != ids.size() || file.payload.size() != n * row_bytes) {
      return absl::DataLossError(absl::StrCat(where, " is damaged: ", file.payload.size(), " bytes are not ", n, " rows"));
    }
    rows_.resize(n * dim_);
    if (n > 0) {  // memcpy takes no null pointers
      std::memcpy(ids.data(), file.payload.data(), n * sizeof(int64_t));
      std::memcpy(rows_.data(), file.payload.data() + n * sizeof(int64_t), rows_.size() * sizeof(float));
    }
    if (!map_.Assign(std::move(ids)) || map_.dead() != 0) {
      return absl::DataLossError(absl::StrCat(where, " is damaged: its ids are not unique"));
    }
    return absl::OkStatus();
  }

 private:
  float Score(const float* query, const float* row) const {
    if (options_.metric == Metric::kL2) return -kernels_->squared_l2(query, row, dim_);
    return kernels_->dot(query, row, dim_);
  }

  // The best k in a heap whose top is the worst of them.
  std::vector<Neighbor> SearchOne(const float* query, size_t k) const {
    std::vector<Neighbor> best;
    for (int64_t row = 0; row < map_.total(); ++row) {
      const Neighbor candidate = {map_.IdAt(row), Score(query, rows_.data() + row * dim_)};
      if (best.size() == k && !Better(candidate, best.front())) continue;
      if (best.size() == k) {
        std::pop_heap(best.begin(), best.end(), Better);
        best.pop_back();
      }
      best.push_back(candidate);
      std::push_heap(best.begin(), best.end(), Better);
    }
    std::sort_heap(best.begin(), best.end(), Better);
    return best;
  }

  const VectorIndexOptions options_;
  const size_t dim_;
  const Kernels* const kernels_ = &KernelsFor(SupportedIsas().back());
  RowMap map_;
  std::vector<float> rows_;  // total × dim
};

}  // namespace

std::unique_ptr<MutableIndex> MakeExactIndex(const VectorIndexOptions& options) {
  return std::make_unique<ExactIndex>(options);
}

absl::StatusOr<std::unique_ptr<MutableIndex>> OpenExactIndex(const IndexFile& file, absl::string_view where) {
  auto index = std::make_unique<ExactIndex>(file.options);
  SENVEC_RETURN_IF_ERROR(index->Load(file, where));
  return index;
}

}  // namespace senvec
