#include <algorithm>
#include <array>

#include "index/filter/bitmap_rep.h"

namespace senvec {
namespace {

constexpr uint64_t kContainerRows = uint64_t{1} << 16;
constexpr size_t kContainerWords = kContainerRows / 64;
// Of a container with fewer ids than this, each is looked up; with more, the container is unpacked
// once.
constexpr size_t kIdsToUnpackFor = 256;

// Rows [first, end) as bits of `words`.
struct Window {
  uint64_t first;
  uint64_t end;
  uint64_t* words;

  void SetRow(uint64_t row) const {
    if (row < first || row >= end) return;
    words[(row - first) / 64] |= uint64_t{1} << ((row - first) % 64);
  }

  void SetRows(uint64_t begin, uint64_t until) const {
    begin = std::max(begin, first);
    until = std::min(until, end);
    if (begin >= until) return;
    const uint64_t low = begin - first;
    const uint64_t high = until - 1 - first;
    const uint64_t low_mask = ~uint64_t{0} << (low % 64);
    const uint64_t high_mask = ~uint64_t{0} >> (63 - high % 64);
    if (low / 64 == high / 64) {
      words[low / 64] |= low_mask & high_mask;
      return;
    }
    words[low / 64] |= low_mask;
    for (uint64_t i = low / 64 + 1; i < high / 64; ++i) words[i] = ~uint64_t{0};
    words[high / 64] |= high_mask;
  }

  // The 64 rows from `row` on, a multiple of 64.
  void SetWord(uint64_t row, uint64_t bits) const {
    if (row >= end || row + 64 <= first) return;
    if (row + 64 > end) bits &= ~uint64_t{0} >> (row + 64 - end);
    if (row < first) {
      words[0] |= bits >> (first - row);
      return;
    }
    const uint64_t at = row - first;
    words[at / 64] |= bits << (at % 64);
    const uint64_t spill = at % 64 == 0 ? 0 : bits >> (64 - at % 64);
    if (spill != 0) words[at / 64 + 1] |= spill;  // no bit past `end`, so no word either
  }
};

void SetBitset(const bitset_container_t& container, uint64_t base, const Window& window) {
  const uint64_t from = window.first > base ? (window.first - base) / 64 : 0;
  const uint64_t to = std::min<uint64_t>(kContainerWords, (window.end - base + 63) / 64);
  for (uint64_t i = from; i < to; ++i) window.SetWord(base + 64 * i, container.array[i]);
}

void SetContainer(const void* container, uint8_t type, uint64_t base, const Window& window) {
  container = container_unwrap_shared(container, &type);
  if (type == BITSET_CONTAINER_TYPE_CODE) {
    SetBitset(*static_cast<const bitset_container_t*>(container), base, window);
  } else if (type == RUN_CONTAINER_TYPE_CODE) {
    const auto& runs = *static_cast<const run_container_t*>(container);
    for (int32_t i = 0; i < runs.n_runs; ++i) {
      const uint64_t begin = base + runs.runs[i].value;
      window.SetRows(begin, begin + runs.runs[i].length + 1);
    }
  } else {
    const auto& rows = *static_cast<const array_container_t*>(container);
    for (int32_t i = 0; i < rows.cardinality; ++i) window.SetRow(base + rows.array[i]);
  }
}

// The position of the first container whose key is at least `key`.
int32_t FirstContainer(const roaring_array_t& containers, uint64_t key) {
  return static_cast<int32_t>(
      std::lower_bound(containers.keys, containers.keys + containers.size, key) - containers.keys);
}

void SetBits(const roaring_array_t& containers, const Window& window) {
  if (window.first >= window.end) return;
  for (int32_t i = FirstContainer(containers, window.first / kContainerRows); i < containers.size;
       ++i) {
    const uint64_t base = containers.keys[i] * kContainerRows;
    if (base >= window.end) return;
    SetContainer(containers.containers[i], containers.typecodes[i], base, window);
  }
}

}  // namespace

void Bitmap::ToWords(uint32_t first_row, uint64_t num_rows, absl::Span<uint64_t> words) const {
  SENVEC_CHECK(words.size() * 64 >= num_rows && first_row + num_rows <= uint64_t{1} << 32);
  std::fill_n(words.begin(), (num_rows + 63) / 64, uint64_t{0});
  SetBits(rep_->set->high_low_container, {first_row, first_row + num_rows, words.data()});
}

void Bitmap::ToWords(absl::Span<const uint32_t> ids, absl::Span<uint64_t> words) const {
  SENVEC_CHECK(words.size() * 64 >= ids.size());
  if (!ids.empty() && ids.back() - ids.front() == ids.size() - 1) {
    return ToWords(ids.front(), ids.size(), words);
  }
  std::fill_n(words.begin(), (ids.size() + 63) / 64, uint64_t{0});
  const roaring_array_t& containers = rep_->set->high_low_container;
  std::array<uint64_t, kContainerWords> unpacked;
  for (size_t i = 0; i < ids.size();) {
    const int32_t at = FirstContainer(containers, ids[i] / kContainerRows);
    if (at == containers.size) return;
    // Ids below the container, then those in it.
    const uint64_t base = containers.keys[at] * kContainerRows;
    const auto from = std::lower_bound(ids.begin() + i, ids.end(), base);
    const auto to = std::lower_bound(from, ids.end(), base + kContainerRows);
    i = static_cast<size_t>(from - ids.begin());
    const size_t end = static_cast<size_t>(to - ids.begin());
    if (end - i < kIdsToUnpackFor) {
      for (; i < end; ++i) words[i / 64] |= uint64_t{Contains(ids[i])} << (i % 64);
      continue;
    }
    unpacked.fill(0);
    SetContainer(containers.containers[at], containers.typecodes[at], 0,
                 {0, kContainerRows, unpacked.data()});
    for (; i < end; ++i) {
      const uint32_t low = ids[i] % kContainerRows;
      words[i / 64] |= (unpacked[low / 64] >> (low % 64) & 1) << (i % 64);
    }
  }
}

}  // namespace senvec
