#pragma once

#include <cstdint>

namespace senvec {

// Whether a value is dropped is a hash of a seed, its row and its column, so that masks need neither be
// stored nor drawn in an order, and every implementation of a layer drops the same values.
struct DropoutHash {
  // `probability` in [0, 1).
  [[gnu::always_inline]] static inline uint32_t Threshold(double probability) {
    return static_cast<uint32_t>(probability * 4294967296.0);
  }
  [[gnu::always_inline]] static inline uint64_t Mix(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ull;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }
  // A seed of its own for the n-th place of a pass where values are dropped.
  [[gnu::always_inline]] static inline uint64_t Site(uint64_t seed, uint64_t n) { return Mix(seed + 0x9e3779b97f4a7c15ull * (n + 1)); }
  [[gnu::always_inline]] static inline uint32_t Row(uint64_t site, uint64_t row) {
    return static_cast<uint32_t>(Mix(site ^ (row * 0xd6e8feb86659fd93ull)) >> 32);
  }
  // The value is dropped when this is below the threshold.
  [[gnu::always_inline]] static inline uint32_t Value(uint32_t row, uint32_t column) {
    uint32_t x = row + column * 0x9e3779b9u;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
  }
};

}  // namespace senvec
