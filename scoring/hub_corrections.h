#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// A row and its cosine with another.
struct HubNeighbor {
  int64_t row = 0;
  float cosine = 0;
};

// The rows of a collection, searched for each other. Implemented over its index.
class HubNeighborSource {
 public:
  virtual ~HubNeighborSource() = default;
  // At most k rows nearest to `row`, itself left out, best first. Fewer only when there are no more.
  virtual absl::StatusOr<std::vector<HubNeighbor>> NearestTo(int64_t row, int32_t k) const = 0;
};

struct HubOptions {
  int32_t neighbors = 10;  // k, in [1, 1000]; 10 is MUSE's default
  // How many rows near a new one are asked whether it becomes a neighbour of theirs, at least `neighbors`; 0 = all. Rows
  // far from it that have it among their nearest all the same are missed with a small number.
  int32_t reach = 0;

  absl::Status Validate() const;
};

// For every row its k nearest rows, and what scores are corrected with against hubs (METHODS 5.3, after MUSE's CSLS and
// scikit-hubness): r = the mean cosine with them, and the cosine with the farthest of them. Kept up to date as rows come
// and go: equal to a new table of the same rows with reach 0, and an exact source.
//
// Memory: about 16 k + 100 bytes a row. Not thread-safe.
class HubCorrections {
 public:
  static absl::StatusOr<HubCorrections> Create(const HubOptions& options);

  // `source` holds `row` already. AlreadyExists; errors of the source leave the table as it was.
  absl::Status Add(int64_t row, const HubNeighborSource& source);
  // `source` does not hold `row` any more. NotFound; an error of the source leaves some lists short, and Repair() fills
  // them.
  absl::Status Remove(int64_t row, const HubNeighborSource& source);
  // Searches again for rows whose list is short of what the table's size allows.
  absl::Status Repair(const HubNeighborSource& source);
  // A table of these rows, each searched for once: O(n) searches, whatever the reach.
  absl::Status Rebuild(absl::Span<const int64_t> rows, const HubNeighborSource& source);

  int64_t size() const { return static_cast<int64_t>(lists_.size()); }
  bool Contains(int64_t row) const { return lists_.contains(row); }
  // Best first; empty for an unknown row.
  absl::Span<const HubNeighbor> Neighbors(int64_t row) const;
  // r: the mean cosine with the neighbours, in fp64. 0 for an unknown row or one without neighbours.
  double MeanCosine(int64_t row) const;
  // The cosine with the k-th neighbour; 1 where there is none, so that local scaling leaves the row alone.
  double FarthestCosine(int64_t row) const;

 private:
  explicit HubCorrections(const HubOptions& options) : options_(options) {}

  absl::StatusOr<std::vector<HubNeighbor>> Search(int64_t row, int32_t k, const HubNeighborSource& source) const;
  void SetList(int64_t row, std::vector<HubNeighbor> list);
  // Puts `added` into `row`'s list where it belongs, if it does.
  void Offer(int64_t row, const HubNeighbor& added);
  size_t FullLength() const;

  HubOptions options_;
  absl::flat_hash_map<int64_t, std::vector<HubNeighbor>> lists_;
  absl::flat_hash_map<int64_t, absl::flat_hash_set<int64_t>> listed_in_;  // row → rows whose lists hold it
};

}  // namespace senvec
