#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scoring/group_hits.h"

namespace senvec {

// The class vector c of every group (METHODS 4.1, kexue.fm 5743): the mean of its members' unit vectors, of length 1.
// A document without a group is its own prototype. Immutable.
class Prototypes {
 public:
  // rows: n × dim, each of length 1; groups and ids: n. A member of a group whose mean is the zero vector (opposite
  // members) is InvalidArgument, which names the group; so are sizes that do not fit and a value that is not finite.
  static absl::StatusOr<Prototypes> Build(absl::Span<const absl::string_view> ids,
                                          absl::Span<const absl::string_view> groups,
                                          absl::Span<const float> rows, int32_t dim);

  int64_t size() const { return static_cast<int64_t>(positions_.size()); }
  int32_t dim() const { return dim_; }

  // Replaces the candidates' cosines by those with their prototypes, best first again. query: dim, of length 1.
  // NotFound names a class that has no prototype.
  absl::Status Rescore(absl::Span<const float> query, std::vector<GroupCandidate>& candidates) const;

  // What the cosine with a prototype can be at most when no member's cosine is above `cosine`: cos(z, c) is the mean of
  // the members' cosines over the length of the members' mean. DERIVED.
  double UpperBound(double cosine) const;

 private:
  using Key = std::pair<bool, std::string>;

  int32_t dim_ = 0;
  double shortest_mean_ = 1;
  absl::flat_hash_map<Key, size_t> positions_;
  std::vector<float> rows_;  // size() × dim
};

}  // namespace senvec
