#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace senvec {

// Random numbers that have no state: the i-th is a function of a seed, a stream and i. So that any
// step of a run can be drawn without those before it, on any machine.
class CounterRandom {
 public:
  // Streams of one seed are independent: one for each purpose and number.
  CounterRandom(uint64_t seed, uint64_t purpose, uint64_t number = 0);

  uint64_t At(uint64_t i) const;
  // In [0, 1), of 53 bits.
  double UniformAt(uint64_t i) const;
  // In [0, n), n ≥ 1, without a bias that could be seen.
  uint64_t BelowAt(uint64_t i, uint64_t n) const;

 private:
  uint64_t key_;
};

// The numbers 0 … n − 1 in an order drawn by `random`.
std::vector<uint32_t> Permutation(size_t n, const CounterRandom& random);

}  // namespace senvec
