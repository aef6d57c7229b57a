#include "index/vector/clustering.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/thread_pool.h"

namespace senvec {
namespace {

constexpr int kRounds = 10;
constexpr size_t kBlock = 64;  // rows that are compared with all centres at once

void SetCentre(const std::vector<double>& sums, double rows, size_t centre, size_t code_bytes, Centres& centres) {
  double greatest = 0, squares = 0;
  for (double sum : sums) {
    greatest = std::max(greatest, std::abs(sum / rows));
    squares += sum / rows * (sum / rows);
  }
  const double step = greatest / 127;
  uint8_t* const codes = &centres.codes[centre * code_bytes];
  for (size_t i = 0; i < code_bytes; ++i) {
    codes[i] = static_cast<uint8_t>(128 + (step > 0 ? std::lrint(sums[i] / rows / step) : 0));
  }
  centres.factors[centre] = {.step = static_cast<float>(step), .bias = static_cast<float>(-squares)};
}

void AddRow(const CodedTable& table, size_t row, std::vector<double>& sums) {
  const uint8_t* const codes = table.row(row);
  const double step = table.step_of(row);
  for (size_t i = 0; i < table.code_bytes; ++i) sums[i] += step * (codes[i] - 128);
}

}  // namespace

std::vector<uint32_t> NearestCentres(const CodedTable& table, const Centres& centres, const DistanceKernels& kernels,
                                     ThreadPool* pool) {
  std::vector<int8_t> queries(centres.codes.size());
  std::vector<int32_t> offsets(centres.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    queries[i] = static_cast<int8_t>(centres.codes[i] - 128);
    offsets[i / table.code_bytes] += 128 * queries[i];
  }
  std::vector<uint32_t> nearest(table.rows);
  const auto assign = [&](size_t block) {
    const size_t first = block * kBlock, count = std::min(kBlock, table.rows - first);
    thread_local std::vector<int32_t> dots;
    dots.resize(centres.size() * kBlock);
    kernels.dot_codes_block(queries.data(), centres.size(), {table.row(first), table.code_bytes, nullptr, count},
                            table.code_bytes, dots.data(), kBlock);
    float best[kBlock];
    std::fill_n(best, count, -std::numeric_limits<float>::infinity());
    for (size_t c = 0; c < centres.size(); ++c) {
      const float step = 2 * centres.factors[c].step, bias = centres.factors[c].bias;
      for (size_t i = 0; i < count; ++i) {
        const float score = step * table.step_of(first + i) * static_cast<float>(dots[c * kBlock + i] - offsets[c]) + bias;
        if (score <= best[i]) continue;
        best[i] = score;
        nearest[first + i] = static_cast<uint32_t>(c);
      }
    }
  };
  const size_t blocks = (table.rows + kBlock - 1) / kBlock;
  if (pool != nullptr) {
    pool->ParallelFor(blocks, assign);
  } else {
    for (size_t block = 0; block < blocks; ++block) assign(block);
  }
  return nearest;
}

Centres FindCentres(const CodedTable& sample, size_t count, const DistanceKernels& kernels, ThreadPool* pool,
                    absl::FunctionRef<bool()> progress) {
  const size_t rows = sample.rows;
  Centres centres = {.codes = std::vector<uint8_t>(count * sample.code_bytes), .factors = std::vector<RowFactor>(count)};
  std::vector<std::vector<double>> sums(count, std::vector<double>(sample.code_bytes));
  std::vector<size_t> sizes(count, 1);
  for (size_t c = 0; c < count; ++c) AddRow(sample, c * rows / count, sums[c]);
  for (int round = 0;; ++round) {
    for (size_t c = 0; c < count; ++c) {
      SetCentre(sums[c], static_cast<double>(sizes[c]), c, sample.code_bytes, centres);
    }
    if (round == kRounds) return centres;
    if (!progress()) return {};
    const std::vector<uint32_t> nearest = NearestCentres(sample, centres, kernels, pool);
    for (auto& sum : sums) std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(sizes.begin(), sizes.end(), 0);
    for (size_t row = 0; row < rows; ++row) {
      AddRow(sample, row, sums[nearest[row]]);
      ++sizes[nearest[row]];
    }
    // One that has lost all its rows begins anew at some row.
    for (size_t c = 0; c < count; ++c) {
      if (sizes[c] > 0) continue;
      AddRow(sample, (c * 7919 + static_cast<size_t>(round) * 104729) % rows, sums[c]);
      sizes[c] = 1;
    }
  }
}

}  // namespace senvec
