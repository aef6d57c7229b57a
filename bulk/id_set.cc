#include "bulk/id_set.h"

#include <algorithm>
#include <limits>

#include "base/hash.h"

namespace senvec {

std::optional<int64_t> IdSet::Add(absl::string_view id, int64_t line) {
  constexpr int64_t kLast = std::numeric_limits<uint32_t>::max();
  const Hash128 hash = Checksum128(id);
  const Entry entry = {static_cast<uint32_t>(hash.high), static_cast<uint32_t>(std::min(line, kLast))};
  const auto [found, is_new] = lines_.try_emplace(hash.low, entry);
  // Two ids with one key, which 10 million ids have with a chance of 3e-6: the second is not remembered.
  if (is_new || found->second.check != entry.check) return std::nullopt;
  return found->second.line;
}

}  // namespace senvec
