#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scoring/group_hits.h"
#include "scoring/margin.h"
#include "scoring/prototypes.h"
#include "scoring/scoring_file.h"

namespace senvec {

// Documents in memory with their groups and vectors, all compared with each query: what calibration scores against, so
// that the tail's bound holds. Immutable once built; Candidates() is safe for concurrent use.
class GroupedDocuments {
 public:
  explicit GroupedDocuments(int32_t dim) : dim_(dim) {}

  // vector: dim, of length 1. InvalidArgument otherwise, naming the id.
  absl::Status Add(std::string id, std::string group, absl::Span<const float> vector);
  // After the last Add(): makes prototypes for GroupScore::kPrototype.
  absl::Status MakePrototypes();

  int64_t size() const { return static_cast<int64_t>(ids_.size()); }
  int64_t num_classes() const { return static_cast<int64_t>(groups_seen_.size() + lone_ids_.size()); }
  // Whether `name` is a group, or the id of a document without one.
  bool HasClass(absl::string_view name) const;

  struct Result {
    std::vector<GroupCandidate> candidates;  // best first
    MarginTail tail;
  };
  // The classes of the k nearest documents. The tail counts the other documents, which no more classes can be: a
  // collection that is searched later knows its documents, not its classes. query: dim, of length 1.
  absl::StatusOr<Result> Candidates(absl::Span<const float> query, int32_t k) const;

 private:
  const int32_t dim_;
  std::vector<std::string> ids_, groups_;
  std::vector<float> rows_;
  absl::flat_hash_set<std::string> groups_seen_, lone_ids_;
  std::optional<Prototypes> prototypes_;
};

}  // namespace senvec
