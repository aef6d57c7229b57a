#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace senvec {

// A row and its cosine with another.
struct HubNeighbor {
  uint32_t row = 0;
  float cosine = 0;
  friend bool operator==(const HubNeighbor&, const HubNeighbor&) = default;
};

// The rows that a table is to be of: all that a collection holds at one moment. A row's vector never changes.
class HubRows {
 public:
  virtual ~HubRows() = default;
  virtual absl::Span<const uint32_t> ids() const = 0;  // ascending
  virtual int32_t dim() const = 0;
  // Vectors of ids()[first, first + count), each of length 1. out: count × dim().
  virtual absl::Status Read(int64_t first, int64_t count, absl::Span<float> out) const = 0;
};

struct HubOptions {
  int32_t neighbors = 10;  // k, in [1, 1000]; 10 is MUSE's default
  // Neighbours remembered beyond k, in [0, 1000], so that a row that loses some must not be searched for again at once.
  int32_t spare = 10;

  absl::Status Validate() const;
};

// For every row its k nearest others, and what scores are corrected with against hubs (METHODS 5.3, after MUSE's CSLS):
// r = the mean cosine with them. Exact: after Update() the table equals a new one of the same rows, however they came
// and went.
//
// Memory: about 8 (k + spare) + 100 bytes a row. Not thread-safe.
class HubCorrections {
 public:
  static absl::StatusOr<HubCorrections> Create(const HubOptions& options);

  // A list that Update() made in an earlier life, best first. Before the first Update(), which drops what has gone.
  void Restore(uint32_t row, std::vector<HubNeighbor> list);

  // Makes the table one of `rows`: those that are gone leave all lists, and each new one, and each whose list ran short
  // of k, is compared with all rows: n · dim multiplications a row. `go_on` is asked every few milliseconds; false ends
  // with Cancelled. After an error the table is of no use any more.
  absl::Status Update(const HubRows& rows, absl::FunctionRef<bool()> go_on);

  // What differs from the table before the last TakeChanges(), for who keeps it on disk. A list of `changed` may name
  // rows of `added`: written in this order, a table of which only a beginning was written is still one that Restore()
  // and Update() make whole.
  struct Changes {
    std::vector<uint32_t> changed, added, removed;  // ascending
  };
  Changes TakeChanges();

  int64_t size() const { return static_cast<int64_t>(lists_.size()); }
  bool Contains(uint32_t row) const { return lists_.contains(row); }
  // Best first, ties by ascending row, at most k + spare; empty for an unknown row.
  absl::Span<const HubNeighbor> Neighbors(uint32_t row) const;
  // r: the mean cosine with the k nearest, with all others where there are fewer. 0 for a row that is alone; nullopt for
  // an unknown one.
  std::optional<double> MeanCosine(uint32_t row) const;

 private:
  enum class Change { kChanged, kAdded, kRemoved };
  class Comparison;

  explicit HubCorrections(const HubOptions& options) : options_(options) {}

  size_t full_length() const { return static_cast<size_t>(options_.neighbors + options_.spare); }
  void RemoveAllBut(absl::Span<const uint32_t> ids);
  std::vector<int64_t> Seekers(absl::Span<const uint32_t> ids) const;
  absl::Status Compare(const HubRows& rows, absl::Span<const int64_t> seekers, absl::FunctionRef<bool()> go_on);
  void Mark(uint32_t row, Change change);

  HubOptions options_;
  absl::flat_hash_map<uint32_t, std::vector<HubNeighbor>> lists_;
  absl::flat_hash_map<uint32_t, Change> changes_;
  bool is_restored_ = false;  // lists came from outside since the last Update()
  absl::flat_hash_set<uint32_t> made_;  // lists that the Update() at work made of all its rows
};

}  // namespace senvec
