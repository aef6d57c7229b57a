#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "index/vector/code_table.h"
#include "index/vector/graph.h"

namespace senvec {

class ThreadPool;

// A graph of the kind of Malkov and Yashunin's HNSW (arXiv 1603.09320), made in batches as in ParlayANN (arXiv
// 2305.04359): each batch is linked to the graph as it was before it, so that any number of threads makes the same one.
struct BuiltGraph {
  struct Level {
    std::vector<uint32_t> links;
    size_t degree;
    uint32_t num_nodes;
  };
  std::vector<Level> levels;    // [0] holds all nodes
  std::vector<uint32_t> order;  // node → row
};

struct GraphOptions {
  size_t m;                // links of a node; twice as many on the lowest level
  size_t ef_construction;  // candidates a node's links are chosen from
};

// Codes of rows in, codes of nodes out: `codes` and `factors` (null where there are none) are brought into the order of
// the nodes. progress: nodes done; false stops, and the result is empty.
BuiltGraph BuildGraph(const GraphOptions& options, const RowCodec& codec, const DistanceKernels& kernels,
                      std::vector<uint8_t>& codes, std::vector<RowFactor>* factors, ThreadPool* pool,
                      absl::FunctionRef<bool(int64_t)> progress);

}  // namespace senvec
