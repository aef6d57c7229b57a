#include "eval/measures/order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>
#include <utility>

#include "base/check.h"

namespace senvec {
namespace {

// Four digits tell doubles apart by sign, exponent and 32 bits of the fraction, which is all of a float.
constexpr int kDigitBits = 11;
constexpr int kPasses = 4;
constexpr int kLowBits = 64 - kPasses * kDigitBits;
constexpr size_t kBuckets = size_t{1} << kDigitBits;
constexpr size_t kSmall = 1024;  // below this the histograms cost more than comparisons
constexpr uint64_t kSign = uint64_t{1} << 63;

struct Item {
  uint64_t key;
  uint32_t position;
};

bool ByKey(const Item& a, const Item& b) { return a.key < b.key; }

// Unsigned order of keys is the order of the doubles: negative ones reversed, positive ones above.
uint64_t KeyOf(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);  // −0 becomes 0
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double ValueOf(uint64_t key) {
  return std::bit_cast<double>((key & kSign) != 0 ? key ^ kSign : ~key);
}

size_t Digit(uint64_t key, int pass) {
  return (key >> (kLowBits + pass * kDigitBits)) & (kBuckets - 1);
}

using Histogram = std::array<uint32_t, kBuckets>;

void Scatter(const Item* from, size_t n, int pass, Histogram& starts, Item* to) {
  uint32_t sum = 0;
  for (uint32_t& start : starts) sum += std::exchange(start, sum);
  for (size_t i = 0; i < n; ++i) to[starts[Digit(from[i].key, pass)]++] = from[i];
}

// Orders runs whose high bits are equal by the rest.
void SortRuns(Item* items, size_t n) {
  for (size_t begin = 0, end = 0; begin < n; begin = end) {
    bool sorted = true;
    for (end = begin + 1; end < n && items[end].key >> kLowBits == items[begin].key >> kLowBits; ++end) {
      sorted = sorted && items[end - 1].key <= items[end].key;
    }
    if (!sorted) std::stable_sort(items + begin, items + end, ByKey);
  }
}

// Sorts `items`; `other` is as much room again. Returns the one of the two that holds the result.
Item* RadixSort(Item* items, Item* other, size_t n) {
  std::vector<Histogram> histograms(kPasses);
  for (size_t i = 0; i < n; ++i) {
    for (int pass = 0; pass < kPasses; ++pass) ++histograms[pass][Digit(items[i].key, pass)];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    // All items share the digit: nothing would move.
    if (histograms[pass][Digit(items[0].key, pass)] == n) continue;
    Scatter(items, n, pass, histograms[pass], other);
    std::swap(items, other);
  }
  SortRuns(items, n);
  return items;
}

}  // namespace

TiedOrder SortWithTies(absl::Span<const double> values) {
  const size_t n = values.size();
  SENVEC_CHECK(n < std::numeric_limits<uint32_t>::max());
  const auto room = std::make_unique_for_overwrite<Item[]>(2 * n);
  Item* items = room.get();
  for (size_t i = 0; i < n; ++i) items[i] = {KeyOf(values[i]), static_cast<uint32_t>(i)};
  if (n < kSmall) {
    std::stable_sort(items, items + n, ByKey);
  } else {
    items = RadixSort(items, items + n, n);
  }
  TiedOrder order;
  order.positions.resize(n);
  for (size_t i = 0; i < n; ++i) {
    order.positions[i] = items[i].position;
    if (i > 0 && items[i].key == items[i - 1].key) continue;
    order.starts.push_back(static_cast<uint32_t>(i));
    order.values.push_back(ValueOf(items[i].key));
  }
  order.starts.push_back(static_cast<uint32_t>(n));
  return order;
}

std::vector<uint32_t> AscendingOrder(absl::Span<const double> values) {
  return SortWithTies(values).positions;
}

}  // namespace senvec
