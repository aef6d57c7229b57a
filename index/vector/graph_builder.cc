#include "index/vector/graph_builder.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/thread_pool.h"
#include "index/vector/graph_walk.h"

namespace senvec {
namespace {

constexpr uint32_t kBatchShare = 32;      // a batch is at most this part of what is linked already
constexpr uint32_t kLargestBatch = 8192;
constexpr size_t kRowsATask = 64;

uint64_t Scramble(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// How many levels a row is on besides the lowest: each has one in m of the one below.
uint32_t LevelOf(uint32_t row, size_t m) {
  uint64_t hash = Scramble(row) >> 11;  // 53 bits
  double chance = static_cast<double>(hash) * 0x1p-53;
  uint32_t level = 0;
  while (chance * static_cast<double>(m) < 1 && level + 1 < kMostLevels) {
    chance *= static_cast<double>(m);
    ++level;
  }
  return level;
}

struct Edge {
  uint32_t target, source;
};

class Builder {
 public:
  Builder(const GraphOptions& options, const RowCodec& codec, const CodeMeasure& measure, ThreadPool* pool)
      : options_(options), codec_(codec), measure_(measure), pool_(pool) {}

  // Links the first `count` nodes with each other, beginning with node 0; upper levels are there already.
  bool BuildLevel(std::vector<BuiltGraph::Level>& levels, size_t level, uint32_t count, bool counts,
                  absl::FunctionRef<bool(int64_t)> progress) {
    degree_ = level == 0 ? 2 * options_.m : options_.m;
    slots_ = degree_ + std::max<size_t>(degree_ / 2, 4);
    links_.assign(size_t{count} * slots_, kNoNode);
    sizes_.assign(count, 0);
    upper_.clear();
    for (size_t l = levels.size() - 1; l > level; --l) {
      upper_.push_back({levels[l].links.data(), levels[l].degree, levels[l].num_nodes});
    }
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0);
    // Nodes that are near each other have near numbers; batches want them mixed. Those of upper levels stay in front.
    head_ = level + 1 < levels.size() ? levels[level + 1].num_nodes : 1;
    std::sort(order_.begin() + std::min(head_, count), order_.end(),
              [](uint32_t a, uint32_t b) { return Scramble(~uint64_t{a}) < Scramble(~uint64_t{b}); });
    for (uint32_t done = 1; done < count;) {
      const uint32_t batch = std::min({std::max(done / kBatchShare, 1u), kLargestBatch, count - done});
      LinkBatch(done, batch);
      done += batch;
      if (counts && !progress(done)) return false;
    }
    levels[level] = {.links = Trimmed(count), .degree = degree_, .num_nodes = count};
    return true;
  }

 private:
  struct Worker {
    WalkScratch walk;
    CodedQuery query, other;
    std::vector<uint64_t> candidates;
    std::vector<uint32_t> nodes;
    std::vector<Rank> ranks;
  };

  void ForEach(size_t n, absl::FunctionRef<void(size_t)> body) {
    const size_t tasks = (n + kRowsATask - 1) / kRowsATask;
    const auto run = [&](size_t task) {
      for (size_t i = task * kRowsATask; i < std::min(n, (task + 1) * kRowsATask); ++i) body(i);
    };
    if (pool_ != nullptr) {
      pool_->ParallelFor(tasks, run);
    } else {
      for (size_t task = 0; task < tasks; ++task) run(task);
    }
  }

  static Worker& ThisWorker() {
    thread_local Worker worker;
    return worker;
  }

  GraphLevel View() const { return {links_.data(), slots_, static_cast<uint32_t>(sizes_.size())}; }

  void LinkBatch(uint32_t first, uint32_t count) {
    ForEach(count, [&](size_t i) { LinkOne(order_[first + i]); });
    edges_.clear();
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t node = order_[first + i];
      for (size_t j = 0; j < sizes_[node]; ++j) edges_.push_back({links_[node * slots_ + j], node});
    }
    std::sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) {
      return a.target < b.target || (a.target == b.target && a.source < b.source);
    });
    groups_.clear();
    for (size_t i = 0; i < edges_.size(); ++i) {
      if (i == 0 || edges_[i].target != edges_[i - 1].target) groups_.push_back(i);
    }
    groups_.push_back(edges_.size());
    ForEach(groups_.size() - 1, [&](size_t g) { AddSources(groups_[g], groups_[g + 1]); });
  }

  // Finds a new node's neighbours in the graph as it is, and keeps them in its links.
  void LinkOne(uint32_t node) {
    Worker& worker = ThisWorker();
    codec_.RowAsQuery(measure_.codes(node), measure_.factor(node), worker.query);
    uint32_t entry = 0;
    // A node that is on an upper level would find itself there, without links on this one yet.
    if (node >= head_) {
      for (const GraphLevel& level : upper_) entry = Descend(measure_, worker.query, level, entry, worker.walk);
    }
    worker.walk.visited.Reserve(sizes_.size());
    WalkFrom(measure_, worker.query, View(), entry, options_.ef_construction, worker.walk);
    worker.candidates.clear();
    for (size_t i = 0; i < worker.walk.pool.size(); ++i) {
      if (worker.walk.pool.node(i) != node) worker.candidates.push_back(worker.walk.pool.key(i));
    }
    Choose(node, worker);
  }

  // New links that lead back. There is room for some more than a node keeps, so that choosing anew is rare.
  void AddSources(size_t begin, size_t end) {
    const uint32_t node = edges_[begin].target;
    uint32_t* const links = &links_[node * slots_];
    if (sizes_[node] + (end - begin) <= slots_) {
      for (size_t i = begin; i < end; ++i) links[sizes_[node]++] = edges_[i].source;
      return;
    }
    Worker& worker = ThisWorker();
    worker.nodes.assign(links, links + sizes_[node]);
    for (size_t i = begin; i < end; ++i) worker.nodes.push_back(edges_[i].source);
    ChooseAmong(node, worker);
  }

  // Chooses among worker.nodes.
  void ChooseAmong(uint32_t node, Worker& worker) {
    codec_.RowAsQuery(measure_.codes(node), measure_.factor(node), worker.query);
    worker.candidates.clear();
    worker.ranks.resize(kMostMeasured);
    for (uint32_t other : worker.nodes) measure_.Prefetch(other);
    for (size_t first = 0; first < worker.nodes.size(); first += kMostMeasured) {
      const size_t count = std::min(kMostMeasured, worker.nodes.size() - first);
      measure_.Measure(worker.query, worker.nodes.data() + first, count, worker.ranks.data());
      for (size_t i = 0; i < count; ++i) {
        worker.candidates.push_back(CandidateKey::Make(worker.ranks[i], worker.nodes[first + i]));
      }
    }
    std::sort(worker.candidates.begin(), worker.candidates.end());
    Choose(node, worker);
  }

  // Of the candidates, nearest first, those that are nearer to the node than to any kept before them, so that links lead
  // into all directions.
  void Choose(uint32_t node, Worker& worker) {
    uint32_t* const links = &links_[node * slots_];
    size_t kept = 0;
    for (size_t i = 0; i < worker.candidates.size() && kept < degree_; ++i) {
      const uint32_t candidate = CandidateKey::Node(worker.candidates[i]);
      codec_.RowAsQuery(measure_.codes(candidate), measure_.factor(candidate), worker.other);
      Rank own;
      measure_.Measure(worker.other, &node, 1, &own);
      bool near_another = false;
      for (size_t first = 0; first < kept && !near_another; first += 4) {
        const size_t count = std::min<size_t>(4, kept - first);
        Rank ranks[4];
        measure_.Measure(worker.other, links + first, count, ranks);
        for (size_t j = 0; j < count; ++j) near_another |= ranks[j] > own;
      }
      if (!near_another) links[kept++] = candidate;
    }
    std::fill(links + kept, links + slots_, kNoNode);
    sizes_[node] = static_cast<uint16_t>(kept);
  }

  // Every node's links without the spare places.
  std::vector<uint32_t> Trimmed(uint32_t count) {
    ForEach(count, [&](size_t node) {
      if (sizes_[node] <= degree_) return;
      Worker& worker = ThisWorker();
      worker.nodes.assign(&links_[node * slots_], &links_[node * slots_] + sizes_[node]);
      ChooseAmong(static_cast<uint32_t>(node), worker);
    });
    std::vector<uint32_t> trimmed(size_t{count} * degree_);
    for (size_t node = 0; node < count; ++node) {
      std::copy_n(&links_[node * slots_], degree_, &trimmed[node * degree_]);
    }
    return trimmed;
  }

  const GraphOptions& options_;
  const RowCodec& codec_;
  const CodeMeasure& measure_;
  ThreadPool* const pool_;
  size_t degree_ = 0, slots_ = 0;
  uint32_t head_ = 1;  // nodes of this level that are on the one above
  std::vector<uint32_t> links_;  // slots_ a node
  std::vector<uint16_t> sizes_;
  std::vector<GraphLevel> upper_;  // from the top
  std::vector<uint32_t> order_;    // in which nodes are linked
  std::vector<Edge> edges_;
  std::vector<size_t> groups_;
};

template <typename T>
void Reorder(std::vector<T>& values, size_t width, const std::vector<uint32_t>& order) {
  std::vector<T> ordered(values.size());
  for (size_t i = 0; i < order.size(); ++i) std::copy_n(&values[order[i] * width], width, &ordered[i * width]);
  values = std::move(ordered);
}

}  // namespace

BuiltGraph BuildGraph(const GraphOptions& options, const RowCodec& codec, const DistanceKernels& kernels,
                      std::vector<uint8_t>& codes, std::vector<RowFactor>* factors, ThreadPool* pool,
                      absl::FunctionRef<bool(int64_t)> progress) {
  const uint32_t n = static_cast<uint32_t>(codes.size() / codec.code_bytes());
  std::vector<uint32_t> level_of(n), counts(kMostLevels);
  for (uint32_t row = 0; row < n; ++row) {
    level_of[row] = LevelOf(row, options.m);
    for (uint32_t level = 0; level <= level_of[row]; ++level) ++counts[level];
  }
  BuiltGraph graph;
  graph.order.resize(n);
  std::iota(graph.order.begin(), graph.order.end(), 0);
  std::stable_sort(graph.order.begin(), graph.order.end(),
                   [&](uint32_t a, uint32_t b) { return level_of[a] > level_of[b]; });
  Reorder(codes, codec.code_bytes(), graph.order);
  if (factors != nullptr) Reorder(*factors, 1, graph.order);
  size_t levels = 1;
  while (levels < kMostLevels && counts[levels] > 0) ++levels;
  graph.levels.resize(levels);
  const CodeMeasure measure(codes.data(), codec.code_bytes(), factors != nullptr ? factors->data() : nullptr, kernels);
  for (size_t level = levels; level-- > 0;) {
    Builder builder(options, codec, measure, pool);
    if (!builder.BuildLevel(graph.levels, level, counts[level], level == 0, progress)) return {};
  }
  return graph;
}

}  // namespace senvec
