#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace senvec {

// kAuto is resolved when an index is built: exact for few rows, else a graph, else lists where the graph would not fit
// the memory that is allowed.
enum class IndexKind { kExact, kHnsw, kIvf, kAuto };
// Scores are higher for nearer vectors: the cosine, the inner product, or minus the squared distance.
enum class Metric { kCosine, kInnerProduct, kL2 };
// How one value of a vector is kept.
enum class VectorStorage { kFp32, kFp16, kInt8 };

absl::StatusOr<IndexKind> ParseIndexKind(absl::string_view name);  // "exact", "hnsw", "ivf", "auto"
absl::string_view IndexKindName(IndexKind kind);
absl::StatusOr<Metric> ParseMetric(absl::string_view name);  // "cosine", "ip", "l2"
absl::string_view MetricName(Metric metric);
absl::StatusOr<VectorStorage> ParseVectorStorage(absl::string_view name);  // "fp32", "fp16", "int8"
absl::string_view VectorStorageName(VectorStorage storage);

// What an index is made of. Zero stands for a default that is chosen by size where it says so.
struct VectorIndexOptions {
  IndexKind kind = IndexKind::kExact;
  Metric metric = Metric::kCosine;
  int32_t dim = 0;                // [1, 65536]
  int32_t m = 16;                 // hnsw: links a node, [2, 256]
  int32_t ef_construction = 200;  // hnsw: candidates while building, [m, 10000]
  int32_t ef_search = 64;         // hnsw: candidates while searching, [1, 100000]; raised to k where k is larger
  int32_t nlist = 0;              // ivf: lists, [1, 1048576]; 0 = by the number of rows
  int32_t nprobe = 0;             // ivf: lists looked into, [1, nlist]; 0 = by nlist
  // What candidates are found with, kept in memory, and what their final scores are computed from, mapped from the
  // file. Codes of int8 take a quarter of fp32's memory or less, and are the fastest; the others are for vectors of which
  // 8 bits a value lose too much, and find with what they ask for the candidates that a larger ef_search or nprobe finds
  // with int8. For exact indexes codes mean nothing: they read the rescoring rows.
  VectorStorage codes = VectorStorage::kInt8;
  VectorStorage rescoring = VectorStorage::kFp32;  // kFp32 or kFp16

  // InvalidArgument names field, value and range.
  absl::Status Validate() const;
};

}  // namespace senvec
