#include "index/hub_list.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace senvec {
namespace {

constexpr char kVersion = 1;
constexpr size_t kEntryBytes = 8;
constexpr float kLargestCosine = 1.001f;

void AppendWord(uint32_t word, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(word >> shift));
}

uint32_t WordAt(absl::string_view bytes) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word |= uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

}  // namespace

std::string SerializeHubList(absl::Span<const HubNeighbor> list) {
  std::string out(1, kVersion);
  out.reserve(1 + list.size() * kEntryBytes);
  for (const HubNeighbor& neighbor : list) {
    AppendWord(neighbor.row, out);
    AppendWord(std::bit_cast<uint32_t>(neighbor.cosine), out);
  }
  return out;
}

absl::StatusOr<std::vector<HubNeighbor>> ParseHubList(absl::string_view bytes) {
  if (bytes.empty() || bytes[0] != kVersion || bytes.size() % kEntryBytes != 1) {
    return absl::DataLossError(absl::StrCat("a list of neighbours has ", bytes.size(), " bytes, which is none"));
  }
  std::vector<HubNeighbor> list;
  for (bytes.remove_prefix(1); !bytes.empty(); bytes.remove_prefix(kEntryBytes)) {
    const HubNeighbor neighbor = {WordAt(bytes), std::bit_cast<float>(WordAt(bytes.substr(4)))};
    const bool in_range = std::abs(neighbor.cosine) <= kLargestCosine;  // false for NaN
    const bool in_order = list.empty() || list.back().cosine > neighbor.cosine ||
                          (list.back().cosine == neighbor.cosine && list.back().row < neighbor.row);
    if (!in_range || !in_order) return absl::DataLossError("a list of neighbours is damaged");
    list.push_back(neighbor);
  }
  return list;
}

}  // namespace senvec
