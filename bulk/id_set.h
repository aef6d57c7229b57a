#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace senvec {

// The ids of a build, to know which come twice, in 17 to 40 bytes each whatever their length. 96 bits of a hash stand for
// an id: among 10 million, two that are taken for one have a chance of 1e-15. Not thread-safe.
class IdSet {
 public:
  // Nothing when the id is new; else the line that it was added with first (lines from 2^32 on all count as 2^32 − 1).
  std::optional<int64_t> Add(absl::string_view id, int64_t line);
  size_t size() const { return lines_.size(); }

 private:
  struct Entry {
    uint32_t check;  // bits of the hash that are not in the key
    uint32_t line;
  };
  absl::flat_hash_map<uint64_t, Entry> lines_;
};

}  // namespace senvec
