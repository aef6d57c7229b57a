#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "index/vector/candidate_space.h"
#include "index/vector/checked_rows.h"
#include "index/vector/coded_rows.h"
#include "index/vector/exact_search.h"
#include "index/vector/graph_walk.h"
#include "index/vector/index_kinds.h"
#include "index/vector/nearest_keys.h"
#include "index/vector/node_rows.h"
#include "index/vector/resident_memory.h"

namespace senvec {
namespace {

// A scan of all codes in a row is that much cheaper, for a candidate, than a walk.
constexpr size_t kScanWorth = 60;
// Nodes that a walk measures for each of its candidates.
constexpr size_t kWalkCost = 25;
// How many times the walk that was expected it may become.
constexpr size_t kPatience = 2;

// What a thread keeps from one search to the next, whatever index it is of.
template <typename Space>
struct SearchScratch {
  WalkScratch walk;
  typename Space::Query query;
  NearestKeys nearest;
  std::vector<uint32_t> rows;
};
template <typename Space>
SearchScratch<Space>& ThisThreadsScratch() {
  thread_local SearchScratch<Space> scratch;
  return scratch;
}

template <typename Space>
class HnswIndex : public VectorIndex {
 public:
  HnswIndex(std::shared_ptr<const MappedFile> bytes, const VectorFile& file, const StoredRows& rows,
            std::unique_ptr<ResidentMemory> memory, Space space, NodeRows nodes, GraphView graph)
      : bytes_(std::move(bytes)),
        options_(file.options()),
        num_rows_(file.num_rows()),
        rows_(rows),
        memory_(std::move(memory)),
        space_(std::move(space)),
        nodes_(std::move(nodes)),
        node_of_(nodes_.NodesOfRows()),
        graph_(std::move(graph)) {}

  const VectorIndexOptions& options() const override { return options_; }
  int64_t size() const override { return num_rows_; }

  absl::StatusOr<std::vector<std::vector<Neighbor>>> Search(absl::Span<const float> queries,
                                                            const VectorSearchOptions& options) const override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked, CheckedQueries(options_, num_rows_, queries, options));
    const size_t dim = rows_.table.dim(), k = static_cast<size_t>(options.k);
    const size_t ef = std::max(k, static_cast<size_t>(options.ef_search > 0 ? options.ef_search : options_.ef_search));
    std::vector<std::vector<Neighbor>> answers;
    answers.reserve(checked.size() / dim);
    for (size_t begin = 0; begin < checked.size(); begin += dim) {
      answers.push_back(SearchOne(checked.data() + begin, k, ef, options.allowed, kNoFloor));
    }
    return answers;
  }

  absl::StatusOr<std::vector<Neighbor>> RangeSearch(absl::Span<const float> query, float min_score,
                                                    const VectorSearchOptions& options) const override {
    SENVEC_ASSIGN_OR_RETURN(const std::vector<float> checked,
                            CheckedRangeQuery(options_, num_rows_, query, min_score, options));
    const size_t k = static_cast<size_t>(options.k);
    size_t ef = static_cast<size_t>(options.ef_search > 0 ? options.ef_search : options_.ef_search);
    while (true) {
      auto found = SearchOne(checked.data(), std::min(k, ef), ef, options.allowed, min_score);
      // Enough when the walk went well past the last one that belongs to the range.
      if (found.size() * 2 <= ef || ef >= 2 * k || ef >= 2 * static_cast<size_t>(num_rows_)) return found;
      ef *= 2;
    }
  }

  void Reconstruct(int64_t row, absl::Span<float> out) const override {
    rows_.table.Read(static_cast<size_t>(row), out);
  }
  absl::Span<const uint32_t> row_ids() const override { return rows_.row_ids; }
  int64_t resident_bytes() const override {
    return static_cast<int64_t>(memory_->size() + nodes_.bytes() + node_of_.size() * sizeof(uint32_t));
  }
  int64_t mapped_bytes() const override { return static_cast<int64_t>(bytes_->bytes().size()); }

 private:
  using Scratch = SearchScratch<Space>;

  std::vector<Neighbor> SearchOne(const float* query, size_t k, size_t ef, const RowFilter* allowed,
                                  float floor) const {
    Scratch& scratch = ThisThreadsScratch<Space>();
    scratch.rows.clear();
    if (num_rows_ == 0 || (allowed != nullptr && allowed->count() == 0)) return {};
    space_.Prepare(query, scratch.query);
    if (allowed != nullptr) {
      FindAllowed(k, ef, *allowed, scratch);
    } else if (kScanWorth * ef >= nodes_.num_nodes()) {
      ScanAll(ef, scratch);
    } else {
      Walk(ef, scratch);
      for (size_t i = 0; i < scratch.walk.pool.size(); ++i) TakeRows(scratch.walk.pool.node(i), nullptr, scratch.rows);
    }
    return Rescore(rows_.table, query, scratch.rows, k, floor);
  }

  // A scan of the allowed rows costs as many measurements as there are, a walk about ef · degree / their share.
  void FindAllowed(size_t k, size_t ef, const RowFilter& allowed, Scratch& scratch) const {
    const size_t count = static_cast<size_t>(allowed.count()), n = static_cast<size_t>(num_rows_);
    const size_t walk = ef * kWalkCost * n / count;
    if (walk < count) {
      uint32_t entry = Entry(scratch);
      const auto allow = [&](uint32_t node) { return nodes_.Allowed(node, allowed); };
      scratch.walk.visited.Reserve(nodes_.num_nodes());
      // A walk that takes much longer than it would with rows allowed at random is one towards rows that lie far from
      // the query, of which it would find too few.
      if (WalkAllowed(space_, scratch.query, graph_.levels[0], entry, ef, kPatience * walk, allow,
                      scratch.walk)) {
        for (size_t i = 0; i < scratch.walk.pool.size(); ++i) {
          TakeRows(scratch.walk.pool.node(i), &allowed, scratch.rows);
        }
        return;
      }
    }
    ScanAllowed(std::max(ef, 2 * k), allowed, scratch);
  }

  void ScanAllowed(size_t keep, const RowFilter& allowed, Scratch& scratch) const {
    scratch.nearest.Reset(keep);
    uint32_t nodes[64];
    Rank ranks[64];
    ForEachAllowed(allowed, num_rows_, [&](const uint32_t* rows, size_t count) {
      for (size_t i = 0; i < count; ++i) {
        nodes[i] = node_of_[rows[i]];
        space_.Prefetch(nodes[i]);
      }
      space_.Measure(scratch.query, nodes, count, ranks);
      // The row in the place of the node: several allowed rows may share one.
      for (size_t i = 0; i < count; ++i) scratch.nearest.Add(CandidateKey::Make(ranks[i], rows[i]));
    });
    for (uint64_t key : scratch.nearest.Finish()) scratch.rows.push_back(CandidateKey::Node(key));
  }

  void ScanAll(size_t keep, Scratch& scratch) const {
    scratch.nearest.Reset(keep);
    Rank ranks[64];
    for (size_t first = 0; first < nodes_.num_nodes(); first += 64) {
      const size_t count = std::min<size_t>(64, nodes_.num_nodes() - first);
      space_.MeasureRange(scratch.query, first, count, ranks);
      for (size_t i = 0; i < count; ++i) {
        scratch.nearest.Add(CandidateKey::Make(ranks[i], static_cast<uint32_t>(first + i)));
      }
    }
    for (uint64_t key : scratch.nearest.Finish()) TakeRows(CandidateKey::Node(key), nullptr, scratch.rows);
  }

  uint32_t Entry(Scratch& scratch) const {
    uint32_t entry = 0;
    for (size_t level = graph_.levels.size() - 1; level > 0; --level) {
      entry = Descend(space_, scratch.query, graph_.levels[level], entry, scratch.walk);
    }
    return entry;
  }

  void Walk(size_t ef, Scratch& scratch) const {
    const uint32_t entry = Entry(scratch);
    scratch.walk.visited.Reserve(nodes_.num_nodes());
    WalkFrom(space_, scratch.query, graph_.levels[0], entry, ef, scratch.walk);
  }

  void TakeRows(uint32_t node, const RowFilter* allowed, std::vector<uint32_t>& rows) const {
    const auto take = [&](uint32_t row) {
      if (allowed == nullptr || allowed->Allows(row)) rows.push_back(row);
    };
    take(nodes_.First(node));
    for (uint32_t row : nodes_.Others(node)) take(row);
  }

  const std::shared_ptr<const MappedFile> bytes_;
  const VectorIndexOptions options_;
  const int64_t num_rows_;
  const StoredRows rows_;
  const std::unique_ptr<ResidentMemory> memory_;
  const Space space_;
  const NodeRows nodes_;
  const std::vector<uint32_t> node_of_;  // row → node
  const GraphView graph_;
};

// Levels from the lowest on, each not larger than the one below.
absl::StatusOr<std::vector<uint32_t>> LevelCounts(const VectorFile& file) {
  const absl::string_view table = file.section(VectorSection::kGraphTable);
  const size_t levels = table.size() / sizeof(uint32_t);
  std::vector<uint32_t> counts(levels);
  if (levels > 0) std::memcpy(counts.data(), table.data(), levels * sizeof(uint32_t));
  const bool fits = table.size() % sizeof(uint32_t) == 0 && levels >= 1 && levels <= kMostLevels &&
                    counts[0] <= file.num_rows() && (counts[0] > 0) == (file.num_rows() > 0) &&
                    std::is_sorted(counts.rbegin(), counts.rend()) && (levels == 1 || counts.back() > 0);
  if (!fits) return file.Damaged("its levels make no sense");
  return counts;
}

// Places that `links` has room for on each level, one after the other.
std::vector<GraphLevel> LevelsOf(const std::vector<uint32_t>& counts, size_t m, const uint32_t* links) {
  std::vector<GraphLevel> levels;
  for (uint32_t count : counts) {
    const size_t degree = levels.empty() ? 2 * m : m;
    levels.push_back({links, degree, count});
    if (links != nullptr) links += degree * count;
  }
  return levels;
}

// A link past the last node would be followed into memory that is not ours.
bool LinksStayInside(const GraphLevel& level) {
  bool outside = false;
  for (size_t i = 0; i < level.degree * level.num_nodes; ++i) {
    outside |= level.links[i] >= level.num_nodes && level.links[i] != kNoNode;
  }
  return !outside;
}

template <typename Space>
absl::StatusOr<std::unique_ptr<VectorIndex>> Open(std::shared_ptr<const MappedFile> bytes, const VectorFile& file,
                                                  const DistanceKernels& kernels) {
  SENVEC_ASSIGN_OR_RETURN(const StoredRows rows, OpenStoredRows(file, kernels));
  SENVEC_ASSIGN_OR_RETURN(const std::vector<uint32_t> counts, LevelCounts(file));
  SENVEC_ASSIGN_OR_RETURN(StoredCodes codes, OpenStoredCodes(file, counts[0], kernels.isa));
  const size_t m = static_cast<size_t>(file.options().m);
  uint64_t places = 0;
  for (const GraphLevel& level : LevelsOf(counts, m, nullptr)) places += level.degree * level.num_nodes;
  SENVEC_ASSIGN_OR_RETURN(const absl::string_view links,
                          file.Expect(VectorSection::kLinks, "links", places * sizeof(uint32_t)));
  size_t room = 0;
  for (absl::string_view part : {codes.codes, codes.factors, codes.places, codes.repeats, links}) {
    room += ResidentMemory::Room(part.size());
  }
  SENVEC_ASSIGN_OR_RETURN(std::unique_ptr<ResidentMemory> memory, ResidentMemory::Create(room));
  const auto integers = [&](absl::string_view part) {
    return absl::MakeConstSpan(reinterpret_cast<const uint32_t*>(memory->Copy(part)), part.size() / sizeof(uint32_t));
  };
  GraphView graph = {.levels = LevelsOf(counts, m, integers(links).data())};
  for (const GraphLevel& level : graph.levels) {
    if (!LinksStayInside(level)) return file.Damaged("a link leads to a node that is not there");
  }
  const absl::Span<const uint32_t> rows_at = integers(codes.places), repeats = integers(codes.repeats);
  NodeRows nodes(rows_at, repeats, counts[0]);
  const char* const copied_codes = memory->Copy(codes.codes);
  const char* const copied_factors = memory->Copy(codes.factors);
  Space space(file, codes, copied_codes, copied_factors, kernels);
  return std::make_unique<HnswIndex<Space>>(std::move(bytes), file, rows, std::move(memory), std::move(space),
                                            std::move(nodes), std::move(graph));
}

}  // namespace

absl::StatusOr<std::unique_ptr<VectorIndex>> OpenHnswIndex(std::shared_ptr<const MappedFile> bytes,
                                                           const VectorFile& file, const DistanceKernels& kernels) {
  if (file.options().codes == VectorStorage::kInt8) return Open<CodedSpace>(std::move(bytes), file, kernels);
  return Open<FloatSpace>(std::move(bytes), file, kernels);
}

}  // namespace senvec
