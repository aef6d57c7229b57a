#include <algorithm>
#include <cmath>
#include <utility>

#include "base/status_macros.h"
#include "index/vector/candidate_pool.h"
#include "index/vector/candidate_space.h"
#include "index/vector/checked_rows.h"
#include "index/vector/code_table.h"
#include "index/vector/coded_rows.h"
#include "index/vector/exact_search.h"
#include "index/vector/index_kinds.h"
#include "index/vector/nearest_keys.h"

namespace senvec {
namespace {

constexpr size_t kBlock = 64;
// So many allowed rows are compared with the query one by one.
constexpr int64_t kFewRows = 4096;
// Rows that are looked at for each that is wanted, at least, where nobody says how many lists.
constexpr double kRowsANeighbour = 8;

template <typename Space>
struct SearchScratch {
  CodedQuery centre_query;
  typename Space::Query query;
  NearestKeys lists, rows;
  std::vector<uint32_t> found;
};
template <typename Space>
SearchScratch<Space>& ThisThreadsScratch() {
  thread_local SearchScratch<Space> scratch;
  return scratch;
}

// Codes list by list, mapped; the lists whose centres are nearest are scanned.
template <typename Space>
class IvfIndex : public VectorIndex {
 public:
  IvfIndex(std::shared_ptr<const MappedFile> bytes, const VectorFile& file, const StoredRows& rows, StoredCodes& codes,
           absl::Span<const uint64_t> ends, absl::string_view centres, const DistanceKernels& kernels)
      : bytes_(std::move(bytes)),
        options_(file.options()),
        num_rows_(file.num_rows()),
        rows_(rows),
        codes_(file, codes, codes.codes.data(), codes.factors.data(), kernels),
        centres_(reinterpret_cast<const uint8_t*>(centres.data()), codec().code_bytes(),
                 reinterpret_cast<const RowFactor*>(centres.data() + ends.size() * codec().code_bytes()), kernels),
        places_(reinterpret_cast<const uint32_t*>(codes.places.data())),
        ends_(ends) {}

  const VectorIndexOptions& options() const override { return options_; }
  int64_t size() const override { return num_rows_; }

  absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                            const VectorSearchOptions& options) const override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked, CheckedQueries(options_, num_rows_, queries, options));
    const size_t dim = rows_.table.dim(), k = static_cast<size_t>(options.k);
    std::vector<std::vector<Neighbor>> answers;
    for (size_t begin = 0; begin < checked.size(); begin += dim) {
      const absl::Span<const float> query = absl::MakeConstSpan(checked).subspan(begin, dim);
      answers.push_back(SearchOne(query, k, Kept(options), Probes(options, k), options.allowed, kNoFloor));
    }
    return answers;
  }

  absl::StatusOr<std::vector<Neighbor>> RangeSearch(absl::Span<const float> query, float min_score,
                                                    const VectorSearchOptions& options) const override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked,
                            CheckedRangeQuery(options_, num_rows_, query, min_score, options));
    const size_t k = static_cast<size_t>(options.k), n = static_cast<size_t>(num_rows_);
    size_t keep = static_cast<size_t>(options.ef_search > 0 ? options.ef_search : options_.ef_search);
    size_t probes = Probes(options, std::min(k, keep));
    // Until a step brings nothing new: by inner product a range reaches into lists far from the query's own.
    for (size_t before = n + 1;;) {
      auto found = SearchOne(checked, std::min(k, keep), keep, probes, options.allowed, min_score);
      const bool is_wide_enough = found.size() == before && found.size() * 2 <= keep;
      const bool is_all = probes >= ends_.size() && (keep >= 2 * k || keep >= 2 * n);
      if (is_wide_enough || is_all || found.size() == k) return found;
      before = found.size();
      if (keep < 2 * k && keep < 2 * n) keep *= 2;
      if (probes < ends_.size()) probes *= 2;
    }
  }

  void Reconstruct(int64_t row, absl::Span<float> out) const override {
    rows_.table.Read(static_cast<size_t>(row), out);
  }
  absl::Span<const uint32_t> row_ids() const override { return rows_.row_ids; }
  int64_t resident_bytes() const override {
    const size_t centre = codec().code_bytes() + sizeof(RowFactor);
    return static_cast<int64_t>(static_cast<size_t>(num_rows_) * (codes_.row_bytes() + sizeof(uint32_t)) +
                                ends_.size() * centre);
  }
  int64_t mapped_bytes() const override { return static_cast<int64_t>(bytes_->bytes().size()); }

 private:
  using Scratch = SearchScratch<Space>;

  const RowCodec& codec() const { return codes_.codec(); }

  size_t Kept(const VectorSearchOptions& options) const {
    const int32_t ef = options.ef_search > 0 ? options.ef_search : options_.ef_search;
    return static_cast<size_t>(std::max(ef, 2 * options.k));
  }
  size_t Probes(const VectorSearchOptions& options, size_t k) const {
    if (options.nprobe > 0) return static_cast<size_t>(options.nprobe);
    const size_t own = options_.nprobe > 0 ? static_cast<size_t>(options_.nprobe) : std::max<size_t>(8, ends_.size() / 24);
    if (num_rows_ == 0) return own;
    const double wanted = kRowsANeighbour * static_cast<double>(k) / static_cast<double>(num_rows_);
    return std::max(own, static_cast<size_t>(std::ceil(wanted * static_cast<double>(ends_.size()))));
  }

  std::vector<Neighbor> SearchOne(absl::Span<const float> query, size_t k, size_t keep, size_t probes,
                                  const RowFilter* allowed, float floor) const {
    if (num_rows_ == 0 || (allowed != nullptr && allowed->count() == 0)) return {};
    if (allowed != nullptr && allowed->count() <= kFewRows) {
      return std::move(ScanRows(rows_.table, num_rows_, query, k, allowed, floor)[0]);
    }
    Scratch& scratch = ThisThreadsScratch<Space>();
    codec().EncodeQuery(query.data(), scratch.centre_query);
    codes_.Prepare(query.data(), scratch.query);
    OrderLists(probes, allowed != nullptr, scratch);
    scratch.rows.Reset(keep);
    // With a filter, as many rows are looked at as without.
    size_t left = probes * static_cast<size_t>(num_rows_) / ends_.size() + 1;
    for (uint64_t key : scratch.lists.Finish()) {
      const size_t seen = ScanList(CandidateKey::Node(key), allowed, scratch);
      if (allowed == nullptr) continue;
      if (seen >= left) break;
      left -= seen;
    }
    scratch.found.clear();
    for (uint64_t key : scratch.rows.Finish()) scratch.found.push_back(CandidateKey::Node(key));
    return Rescore(rows_.table, query.data(), scratch.found, k, floor);
  }

  void OrderLists(size_t probes, bool all, Scratch& scratch) const {
    const size_t lists = ends_.size();
    scratch.lists.Reset(all ? lists : std::min(probes, lists));
    // Rows were put into lists by Euclidean distance, whatever the metric; for the inner product long rows count more.
    CodedQuery& query = scratch.centre_query;
    const float step = query.step, weight = query.weight;
    if (options_.metric == Metric::kCosine) query.step *= 2;
    query.weight = options_.metric == Metric::kInnerProduct ? 0 : 1;
    Rank ranks[kBlock];
    for (size_t first = 0; first < lists; first += kBlock) {
      const size_t count = std::min(kBlock, lists - first);
      centres_.MeasureRange(query, first, count, ranks);
      for (size_t i = 0; i < count; ++i) {
        scratch.lists.Add(CandidateKey::Make(ranks[i], static_cast<uint32_t>(first + i)));
      }
    }
    query.step = step;
    query.weight = weight;
  }

  // How many rows of the list were allowed.
  size_t ScanList(uint32_t list, const RowFilter* allowed, Scratch& scratch) const {
    size_t seen = 0;
    Rank ranks[kBlock];
    const size_t end = ends_[list];
    for (size_t first = list == 0 ? 0 : ends_[list - 1]; first < end; first += kBlock) {
      const size_t count = std::min(kBlock, end - first);
      codes_.MeasureRange(scratch.query, first, count, ranks);
      for (size_t i = 0; i < count; ++i) {
        const uint32_t row = places_[first + i];
        if (allowed != nullptr && !allowed->Allows(row)) continue;
        ++seen;
        scratch.rows.Add(CandidateKey::Make(ranks[i], row));
      }
    }
    return seen;
  }

  const std::shared_ptr<const MappedFile> bytes_;
  const VectorIndexOptions options_;
  const int64_t num_rows_;
  const StoredRows rows_;
  const Space codes_;
  const CodeMeasure centres_;
  const uint32_t* const places_;
  const absl::Span<const uint64_t> ends_;  // of each list, in places
};

template <typename Space>
absl::StatusOr<std::unique_ptr<VectorIndex>> Open(std::shared_ptr<const MappedFile> bytes, const VectorFile& file,
                                                  const DistanceKernels& kernels) {
  SENVEC_ASSIGN_OR_RETURN(const StoredRows rows, OpenStoredRows(file, kernels));
  const uint64_t n = static_cast<uint64_t>(file.num_rows());
  SENVEC_ASSIGN_OR_RETURN(StoredCodes codes, OpenStoredCodes(file, n, kernels.isa));
  const absl::string_view table = file.section(VectorSection::kListTable);
  const absl::Span<const uint64_t> ends(reinterpret_cast<const uint64_t*>(table.data()), table.size() / sizeof(uint64_t));
  if (table.size() % sizeof(uint64_t) != 0 || ends.empty() != (n == 0) || ends.size() > n ||
      !std::is_sorted(ends.begin(), ends.end()) || (n > 0 && ends.back() != n)) {
    return file.Damaged("its lists make no sense");
  }
  SENVEC_ASSIGN_OR_RETURN(const absl::string_view centres,
                          file.Expect(VectorSection::kCentres, "centres",
                                      ends.size() * (codes.codec->code_bytes() + sizeof(RowFactor))));
  return std::make_unique<IvfIndex<Space>>(std::move(bytes), file, rows, codes, ends, centres, kernels);
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenIvfIndex(std::shared_ptr<const MappedFile> bytes,
                                                          const VectorFile& file, const DistanceKernels& kernels) {
  if (file.options().codes == VectorStorage::kInt8) return Open<CodedSpace>(std::move(bytes), file, kernels);
  return Open<FloatSpace>(std::move(bytes), file, kernels);
}

}  // namespace senvec
