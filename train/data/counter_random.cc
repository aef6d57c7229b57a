#include "train/data/counter_random.h"

#include <numeric>
#include <utility>

namespace senvec {
namespace {

// Steele, Lea and Flood's finaliser of SplitMix64: every bit of the input moves half the bits of the output.
uint64_t Mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9ull;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ull;

}  // namespace

CounterRandom::CounterRandom(uint64_t seed, uint64_t purpose, uint64_t number)
    : key_(Mix(Mix(Mix(seed + kGolden) ^ (purpose * kGolden)) + number * kGolden)) {}

uint64_t CounterRandom::At(uint64_t i) const { return Mix(Mix(key_ + (i + 1) * kGolden) ^ key_); }

double CounterRandom::UniformAt(uint64_t i) const { return static_cast<double>(At(i) >> 11) * 0x1p-53; }

uint64_t CounterRandom::BelowAt(uint64_t i, uint64_t n) const {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(At(i)) * n) >> 64);
}

std::vector<uint32_t> Permutation(size_t n, const CounterRandom& random) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.BelowAt(i, i)]);
  return order;
}

}  // namespace senvec
