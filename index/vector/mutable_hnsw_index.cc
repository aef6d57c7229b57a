#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "index/vector/implementations.h"
#include "index/vector/row_map.h"

namespace senvec {
namespace {

// FAISS reports by exceptions; they end here. OpenMP's thread count belongs to the calling thread.
absl::Status CallFaiss(const std::function<void()>& call) {
  omp_set_num_threads(1);
  try {
    call();
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("FAISS: ", error.what()));
  }
  return absl::OkStatus();
}

faiss::MetricType FaissMetric(Metric metric) {
  return metric == Metric::kL2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
}

// FAISS's graph over fp32 rows. Removed rows stay in the graph as stepping stones until they outnumber the others;
// then the graph is built anew.
class HnswIndex : public MutableIndex {
 public:
  explicit HnswIndex(const VectorIndexOptions& options) : options_(options), dim_(options.dim) {}

  const VectorIndexOptions& options() const override { return options_; }
  int64_t size() const override { return map_.live(); }

  absl::Status Reset() {
    return CallFaiss([&] {
      graph_ = std::make_unique<faiss::IndexHNSWFlat>(options_.dim, options_.m, FaissMetric(options_.metric));
      graph_->hnsw.efConstruction = options_.ef_construction;
    });
  }

  absl::Status Add(absl::Span<const int64_t> ids, absl::Span<const float> rows) override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> stored, PrepareRows(options_, rows, ids.size(), "vector"));
    SENVEC_RETURN_IF_ERROR(map_.CheckNew(ids));
    if (ids.empty()) return absl::OkStatus();
    SENVEC_RETURN_IF_ERROR(broken_);
    map_.Reserve(ids.size());  // what may fail comes before the graph is changed
    absl::Status added =
        CallFaiss([&] { graph_->add(static_cast<faiss::Index::idx_t>(ids.size()), stored.data()); });
    if (!added.ok()) {
      Recover();
      return added;
    }
    map_.Append(ids);
    return absl::OkStatus();
  }

  int64_t Remove(absl::Span<const int64_t> ids) override {
    int64_t removed = 0;
    for (int64_t id : ids) removed += map_.Kill(id);
    // A failed rebuild leaves the old graph, which answers as well, only slower.
    if (broken_.ok() && map_.dead() > map_.live()) static_cast<void>(Rebuild());
    return removed;
  }

  bool Reconstruct(int64_t id, absl::Span<float> out) const override {
    const int64_t row = map_.RowOf(id);
    if (row < 0) return false;
    std::copy_n(Rows() + row * dim_, dim_, out.begin());
    return true;
  }

  absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                            int32_t k) const override {
    if (k < 1) return absl::InvalidArgumentError(absl::StrCat("k is ", k, "; it must be at least 1"));
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> prepared,
                            PrepareRows(options_, queries, queries.size() / dim_, "query"));
    SENVEC_RETURN_IF_ERROR(broken_);
    std::vector<std::vector<Neighbor>> results;
    for (size_t begin = 0; begin < prepared.size(); begin += dim_) {
      SENVEC_ASSIGN_OR_RETURN(std::vector<Neighbor> found, SearchOne(prepared.data() + begin, k));
      results.push_back(std::move(found));
    }
    return results;
  }

  absl::Status Save(const std::string& path) const override {
    SENVEC_RETURN_IF_ERROR(broken_);
    faiss::VectorIOWriter writer;
    SENVEC_RETURN_IF_ERROR(CallFaiss([&] { faiss::write_index(graph_.get(), &writer); }));
    std::string payload(reinterpret_cast<const char*>(map_.ids().data()), map_.ids().size() * sizeof(int64_t));
    payload.append(reinterpret_cast<const char*>(writer.data.data()), writer.data.size());
    return WriteIndexFile(path, {options_, map_.total(), std::move(payload)});
  }

  absl::Status Load(const IndexFile& file, absl::string_view where) {
    const auto damaged = [&](absl::string_view fault) {
      return absl::DataLossError(absl::StrCat(where, " is damaged: ", fault, "; build the index again"));
    };
    const size_t n = static_cast<size_t>(file.num_rows);
    if (n > file.payload.size() / sizeof(int64_t)) return damaged("it is shorter than its ids");
    std::vector<int64_t> ids(n);
    if (n > 0) std::memcpy(ids.data(), file.payload.data(), n * sizeof(int64_t));
    if (!map_.Assign(std::move(ids))) return damaged("its ids are not unique");
    faiss::VectorIOReader reader;
    const auto* graph = reinterpret_cast<const uint8_t*>(file.payload.data()) + n * sizeof(int64_t);
    reader.data.assign(graph, reinterpret_cast<const uint8_t*>(file.payload.data()) + file.payload.size());
    std::unique_ptr<faiss::Index> index;
    if (absl::Status read = CallFaiss([&] { index.reset(faiss::read_index(&reader)); }); !read.ok()) {
      return damaged(read.message());
    }
    auto* hnsw = dynamic_cast<faiss::IndexHNSWFlat*>(index.get());
    const bool fits = hnsw != nullptr && hnsw->d == options_.dim && hnsw->ntotal == static_cast<faiss::Index::idx_t>(n) &&
                      hnsw->metric_type == FaissMetric(options_.metric) &&
                      dynamic_cast<faiss::IndexFlat*>(hnsw->storage) != nullptr;
    if (!fits) return damaged("the graph does not fit the header");
    index.release();
    graph_.reset(hnsw);
    return absl::OkStatus();
  }

 private:
  const float* Rows() const { return static_cast<const faiss::IndexFlat*>(graph_->storage)->get_xb(); }

  // Asks for more until k live rows are found: the dead ones take places in FAISS's answer.
  absl::StatusOr<std::vector<Neighbor>> SearchOne(const float* query, int32_t k) const {
    const int64_t wanted = std::min<int64_t>(k, map_.live());
    std::vector<Neighbor> found;
    for (int64_t ask = wanted; wanted > 0; ask *= 2) {
      ask = std::min(ask, map_.total());
      found.clear();
      SENVEC_RETURN_IF_ERROR(Ask(query, ask, found));
      if (static_cast<int64_t>(found.size()) >= wanted || ask == map_.total()) break;
    }
    std::sort(found.begin(), found.end(), [](const Neighbor& a, const Neighbor& b) {
      return a.score > b.score || (a.score == b.score && a.id < b.id);
    });
    if (static_cast<int64_t>(found.size()) > wanted) found.resize(wanted);
    return found;
  }

  absl::Status Ask(const float* query, int64_t k, std::vector<Neighbor>& found) const {
    std::vector<float> distances(k);
    std::vector<faiss::Index::idx_t> rows(k);
    faiss::SearchParametersHNSW parameters;
    parameters.efSearch = static_cast<int>(std::max<int64_t>(options_.ef_search, k));
    SENVEC_RETURN_IF_ERROR(
        CallFaiss([&] { graph_->search(1, query, k, distances.data(), rows.data(), &parameters); }));
    for (int64_t i = 0; i < k; ++i) {
      if (rows[i] < 0 || map_.IdAt(rows[i]) == RowMap::kDead) continue;
      found.push_back({map_.IdAt(rows[i]), options_.metric == Metric::kL2 ? -distances[i] : distances[i]});
    }
    return absl::OkStatus();
  }

  // After an addition that stopped half-way: rows beyond the map may be stored, with no links or wrong ones. The rows
  // that the map knows are whole, and a new graph is made of them; when even that fails, nothing is answered any more.
  void Recover() {
    const absl::Status rebuilt = Rebuild();
    if (rebuilt.ok()) return;
    broken_ = absl::InternalError(absl::StrCat(
        "the hnsw index broke while vectors were added, and could not be made anew (", rebuilt.message(),
        "); open it again from its last save"));
  }

  absl::Status Rebuild() {
    HnswIndex fresh(options_);
    SENVEC_RETURN_IF_ERROR(fresh.Reset());
    std::vector<int64_t> ids;
    std::vector<float> rows;
    for (int64_t row = 0; row < map_.total(); ++row) {
      if (map_.IdAt(row) == RowMap::kDead) continue;
      ids.push_back(map_.IdAt(row));
      rows.insert(rows.end(), Rows() + row * dim_, Rows() + (row + 1) * dim_);
    }
    if (!ids.empty()) {
      SENVEC_RETURN_IF_ERROR(CallFaiss([&] { fresh.graph_->add(static_cast<faiss::Index::idx_t>(ids.size()), rows.data()); }));
    }
    fresh.map_.Append(ids);
    std::swap(map_, fresh.map_);
    std::swap(graph_, fresh.graph_);
    return absl::OkStatus();
  }

  const VectorIndexOptions options_;
  const size_t dim_;
  RowMap map_;
  std::unique_ptr<faiss::IndexHNSWFlat> graph_;
  absl::Status broken_;  // OK while graph_ and map_ agree
};

}  // namespace

absl::StatusOr<std::unique_ptr<MutableIndex>> MakeHnswIndex(const VectorIndexOptions& options) {
  auto index = std::make_unique<HnswIndex>(options);
  SENVEC_RETURN_IF_ERROR(index->Reset());
  return index;
}

absl::StatusOr<std::unique_ptr<MutableIndex>> OpenHnswIndex(const IndexFile& file, absl::string_view where) {
  auto index = std::make_unique<HnswIndex>(file.options);
  SENVEC_RETURN_IF_ERROR(index->Load(file, where));
  return index;
}

}  // namespace senvec
