#pragma once

#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace senvec {

// y = x·Wᵀ + b for a weight matrix that is rearranged once and used for as long as the model lives.
//
// A row's result has the same bits whatever rows are beside it and however many there are: rows go through blocks
// of fixed sizes, and a block size is used only if, on this machine and for this shape, it was seen to give the bits
// that the smallest one gives.

// What the matrices of one model share: the engine, and what was found out about each shape. Thread-safe.
class GemmContext {
 public:
  static std::shared_ptr<GemmContext> Create();
  virtual ~GemmContext() = default;
};

// What one thread needs while it multiplies matrices of one context. Not thread-safe; one per thread at a time.
class GemmWorkspace {
 public:
  explicit GemmWorkspace(std::shared_ptr<GemmContext> context);
  ~GemmWorkspace();
  GemmWorkspace(GemmWorkspace&&) noexcept;
  GemmWorkspace& operator=(GemmWorkspace&&) noexcept;

 private:
  friend class PackedMatrix;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Immutable after Pack(), safe for concurrent use.
class PackedMatrix {
 public:
  // Buffers that Multiply() reads and writes hold whole blocks of this many rows.
  static constexpr int64_t kRowBlock = 16;
  static constexpr int64_t PaddedRows(int64_t rows) { return (rows + kRowBlock - 1) / kRowBlock * kRowBlock; }

  // weight: out × in, row-major. bias: out, or empty for none.
  static PackedMatrix Pack(absl::Span<const float> weight, absl::Span<const float> bias, int64_t out,
                           int64_t in, GemmContext& context);
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;

  int64_t in() const;
  int64_t out() const;

  // x: PaddedRows(rows) × in, y: PaddedRows(rows) × out. Rows from `rows` on may hold anything and are overwritten
  // in y. Runs on the calling thread alone.
  void Multiply(const float* x, int64_t rows, GemmWorkspace& workspace, float* y) const;

 private:
  struct Impl;
  explicit PackedMatrix(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace senvec
