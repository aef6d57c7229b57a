#include "eval/measures/order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace senvec {
namespace {

constexpr int kDigitBits = 11;
constexpr int kPasses = 6;  // 66 bits hold the 64 of a key
constexpr size_t kBuckets = size_t{1} << kDigitBits;
constexpr size_t kSmall = 1024;  // below this the histograms cost more than comparisons

struct Item {
  uint64_t key;
  uint32_t position;
};

// Unsigned order of keys is the order of the doubles: negative ones reversed, positive ones above.
uint64_t KeyOf(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);  // −0 becomes 0
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

size_t Digit(uint64_t key, int pass) { return (key >> (pass * kDigitBits)) & (kBuckets - 1); }

using Histograms = std::array<std::array<uint32_t, kBuckets>, kPasses>;

// True when all items share the digit, so that the pass would move nothing.
bool Trivial(const std::array<uint32_t, kBuckets>& histogram, size_t digit, size_t n) {
  return histogram[digit] == n;
}

void Scatter(const std::vector<Item>& from, int pass, std::array<uint32_t, kBuckets>& starts,
             std::vector<Item>& to) {
  uint32_t sum = 0;
  for (uint32_t& start : starts) sum += std::exchange(start, sum);
  for (const Item& item : from) to[starts[Digit(item.key, pass)]++] = item;
}

std::vector<uint32_t> SmallOrder(absl::Span<const double> values) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  return order;
}

}  // namespace

std::vector<uint32_t> AscendingOrder(absl::Span<const double> values) {
  SENVEC_CHECK(values.size() < std::numeric_limits<uint32_t>::max());
  if (values.size() < kSmall) return SmallOrder(values);
  std::vector<Item> items(values.size()), other(values.size());
  std::vector<Histograms> histograms(1);  // on the heap: 48 KB
  for (size_t i = 0; i < values.size(); ++i) {
    items[i] = {KeyOf(values[i]), static_cast<uint32_t>(i)};
    for (int pass = 0; pass < kPasses; ++pass) ++histograms[0][pass][Digit(items[i].key, pass)];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    if (Trivial(histograms[0][pass], Digit(items[0].key, pass), items.size())) continue;
    Scatter(items, pass, histograms[0][pass], other);
    items.swap(other);
  }
  std::vector<uint32_t> order(values.size());
  for (size_t i = 0; i < items.size(); ++i) order[i] = items[i].position;
  return order;
}

}  // namespace senvec
