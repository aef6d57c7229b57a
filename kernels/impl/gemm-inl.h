// Products of packed matrices; see vector-inl.h for how this file is included. The including file has set kTileRows and
// the steps of the bfloat16 and int8 products.

constexpr size_t kPanel = 2 * kLanes;  // columns: two vectors, so that each left value loaded serves two products

// A left block that is used for one panel after the other stays below this, to keep its place in the second-level
// cache.
constexpr size_t kBlockBytes = 256 << 10;

struct TileCall {
  const GemmCall* call;
  size_t row;     // the tile's first
  size_t column;  // the panel's first
  const char* b;  // the panel
  // The next panel's lines that this tile asks for, one at each step.
  const char* ahead;
  size_t ahead_step;
  // Where results go, one of them: row i at i·c_stride.
  float* c;
  uint16_t* c_bf16;
  size_t c_stride;
};

// Asks for the right side's lines eight steps before they are used; past the end of a panel that is the next one.
SENVEC_INLINE void PrefetchAhead(const void* b, size_t step_bytes) {
  const char* ahead = static_cast<const char*>(b) + 8 * step_bytes;
  for (size_t at = 0; at < step_bytes; at += 64) __builtin_prefetch(ahead + at, 0, 3);
}

// What a tile of one precision is made of: how it reads a step of the right side and of a left row, how it adds their
// product to a sum, and what becomes of two sums that are complete.
struct Fp32Parts {
  static constexpr size_t kGroup = 1, kLeftBytes = 4, kRightBytes = 4;
  static constexpr bool kAskAhead = false;  // see Multiply()
  using RightStep = V;
  using LeftStep = float;
  using Sums = V;

  SENVEC_INLINE V LoadRight(const char* b) { return Load(reinterpret_cast<const float*>(b)); }
  SENVEC_INLINE float LoadLeft(const char* a) { return *reinterpret_cast<const float*>(a); }
  SENVEC_INLINE V Step(V sum, float a, V b) { return sum + b * a; }

  // What turns sums into results, for the panel that begins at `column`.
  struct Columns {
    V bias0, bias1;
    Columns(const GemmCall& call, size_t column)
        : bias0(Load(call.bias + column)), bias1(Load(call.bias + column + kLanes)) {}
  };
  struct Row {
    Row(const GemmCall&, size_t) {}
  };
  SENVEC_INLINE V Left(const Columns& columns, const Row&, V sum) { return sum + columns.bias0; }
  SENVEC_INLINE V Right(const Columns& columns, const Row&, V sum) { return sum + columns.bias1; }
};

struct Bf16Parts : Fp32Parts {
  static constexpr size_t kGroup = 2, kLeftBytes = 2, kRightBytes = 2;
  using RightStep = VI;
  using LeftStep = VI;

  SENVEC_INLINE VI LoadRight(const char* b) { return LoadInts(b); }
  SENVEC_INLINE VI LoadLeft(const char* a) {
    int pair;
    __builtin_memcpy(&pair, a, sizeof(pair));
    return SetInt(pair);
  }
  SENVEC_INLINE V Step(V sum, VI a, VI b) { return Bf16Step(sum, a, b); }
};

struct Int8Parts {
  static constexpr size_t kGroup = kInt8Group, kLeftBytes = sizeof(Int8Operand), kRightBytes = 1;
  static constexpr bool kAskAhead = true;
  using RightStep = VI;
  using LeftStep = VI;
  using Sums = VI;

  SENVEC_INLINE VI LoadRight(const char* b) { return Int8Load(b); }
  SENVEC_INLINE VI LoadLeft(const char* a) { return Int8Broadcast(a); }
  SENVEC_INLINE VI Step(VI sum, VI a, VI b) { return Int8Step(sum, a, b); }

  // Σ s_a(q_a − z)·s_b q_b = s_a s_b (Σ q_a q_b − z Σ q_b).
  struct Columns {
    V bias0, bias1, scales0, scales1, sums0, sums1;
    Columns(const GemmCall& call, size_t column)
        : bias0(Load(call.bias + column)),
          bias1(Load(call.bias + column + kLanes)),
          scales0(Load(call.b_scales + column)),
          scales1(Load(call.b_scales + column + kLanes)),
          sums0(Load(call.b_sums + column)),
          sums1(Load(call.b_sums + column + kLanes)) {}
  };
  struct Row {
    V scale, zero;
    Row(const GemmCall& call, size_t row) : scale(Set(call.a_scales[row].scale)), zero(Set(call.a_scales[row].zero)) {}
  };
  SENVEC_INLINE V Left(const Columns& columns, const Row& row, VI sum) {
    return (ToFloats(sum) - columns.sums0 * row.zero) * (columns.scales0 * row.scale) + columns.bias0;
  }
  SENVEC_INLINE V Right(const Columns& columns, const Row& row, VI sum) {
    return (ToFloats(sum) - columns.sums1 * row.zero) * (columns.scales1 * row.scale) + columns.bias1;
  }
};

// What becomes of a result before it is put down.
struct Nothing {
  SENVEC_INLINE V Of(V v) { return v; }
};
struct ByGeluErf {
  SENVEC_INLINE V Of(V v) { return GeluErfOf(v); }
};
struct ByGeluErfFast {
  SENVEC_INLINE V Of(V v) { return GeluErfFastOf(v); }
};

// kRows rows of one panel: sums over k in registers, one step after the other, finished there too.
template <class Parts>
struct Tile {
  static constexpr size_t kGroup = Parts::kGroup, kLeftBytes = Parts::kLeftBytes, kRightBytes = Parts::kRightBytes;
  static constexpr size_t kHalf = kGroup * kLanes * kRightBytes;  // bytes of one vector of columns in a step

  template <class Activation, bool kToBf16, size_t kRows>
  static void Run(const TileCall& tile) {
    const GemmCall& call = *tile.call;
    const size_t stride = call.a_stride, steps = (call.k + kGroup - 1) / kGroup;
    const char* a = static_cast<const char*>(call.a) + tile.row * stride;
    const char* b = tile.b;
    [[maybe_unused]] const char* ahead = tile.ahead;
    typename Parts::Sums left[kRows], right[kRows];
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) left[i] = right[i] = typename Parts::Sums{};
    for (size_t k = 0; k < steps; ++k) {
      const typename Parts::RightStep b0 = Parts::LoadRight(b), b1 = Parts::LoadRight(b + kHalf);
      PrefetchAhead(b, 2 * kHalf);
      if constexpr (Parts::kAskAhead) {
        __builtin_prefetch(ahead, 0, 2);
        ahead += tile.ahead_step;
      }
      b += 2 * kHalf;
      SENVEC_UNROLL
      for (size_t i = 0; i < kRows; ++i) {
        const typename Parts::LeftStep value = Parts::LoadLeft(a + i * stride);
        left[i] = Parts::Step(left[i], value, b0);
        right[i] = Parts::Step(right[i], value, b1);
      }
      a += kGroup * kLeftBytes;
    }
    const typename Parts::Columns columns(call, tile.column);
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) {
      const typename Parts::Row row(call, tile.row + i);
      Put<kToBf16>(tile, i * tile.c_stride, Activation::Of(Parts::Left(columns, row, left[i])));
      Put<kToBf16>(tile, i * tile.c_stride + kLanes, Activation::Of(Parts::Right(columns, row, right[i])));
    }
  }

  template <bool kToBf16>
  SENVEC_INLINE void Put(const TileCall& tile, size_t at, V v) {
    if constexpr (kToBf16) {
      StoreBf16(tile.c_bf16 + at, v);
    } else {
      Store(tile.c + at, v);
    }
  }
};
using Fp32Tile = Tile<Fp32Parts>;
using Bf16Tile = Tile<Bf16Parts>;
using Int8Tile = Tile<Int8Parts>;

template <class T, class Activation, bool kToBf16, size_t... kIndex>
SENVEC_INLINE void RunTile(size_t rows, const TileCall& tile, std::index_sequence<kIndex...>) {
  static constexpr void (*kTable[])(const TileCall&) = {T::template Run<Activation, kToBf16, kIndex + 1>...};
  kTable[rows - 1](tile);
}
template <class T, class Activation, bool kToBf16>
SENVEC_INLINE void RunTile(size_t rows, const TileCall& tile) {
  RunTile<T, Activation, kToBf16>(rows, tile, std::make_index_sequence<kTileRows>());
}

// What products are asked for goes from registers to its place, GELU included; the rest, such as panels that reach past the
// last column, by way of a buffer.
template <class T>
SENVEC_INLINE void Compute(TileCall tile, size_t rows) {
  const GemmCall& call = *tile.call;
  const size_t column = tile.column, at = tile.row * call.c_stride + column;
  if (column + kPanel <= call.n) {
    const bool to_bf16 = call.c_bf16 != nullptr, plain = call.activation == nullptr;
    tile.c = to_bf16 ? nullptr : call.c + at;
    tile.c_bf16 = to_bf16 ? call.c_bf16 + at : nullptr;
    if (plain && !to_bf16) return RunTile<T, Nothing, false>(rows, tile);
    if constexpr (std::is_same_v<T, Fp32Tile>) {
      if (call.activation == GeluErf && !to_bf16) return RunTile<T, ByGeluErf, false>(rows, tile);
    } else {
      if (plain) return RunTile<T, Nothing, true>(rows, tile);
      if (call.activation == GeluErfFast && !to_bf16) return RunTile<T, ByGeluErfFast, false>(rows, tile);
      if (call.activation == GeluErfFast) return RunTile<T, ByGeluErfFast, true>(rows, tile);
    }
  }
  alignas(64) float buffer[kTileRows * kPanel];
  tile.c = buffer;
  tile.c_stride = kPanel;
  RunTile<T, Nothing, false>(rows, tile);
  if (call.activation != nullptr) call.activation(buffer, rows * kPanel);
  const size_t columns = call.n - column < kPanel ? call.n - column : kPanel;
  for (size_t i = 0; i < rows; ++i) {
    const float* from = buffer + i * kPanel;
    if (call.c_bf16 != nullptr) {
      RowToBf16(from, columns, call.c_bf16 + at + i * call.c_stride);
    } else {
      for (size_t j = 0; j < columns; ++j) call.c[at + i * call.c_stride + j] = from[j];
    }
  }
}

template <class T>
void Multiply(const GemmCall& call) {
  const size_t steps = (call.k + T::kGroup - 1) / T::kGroup;
  const size_t panel_bytes = steps * T::kGroup * kPanel * T::kRightBytes;
  const size_t fitting = kBlockBytes / (call.a_stride > 0 ? call.a_stride : 1) / kTileRows * kTileRows;
  const size_t block_rows = fitting > kTileRows ? fitting : kTileRows;
  const char* b = static_cast<const char*>(call.b);
  for (size_t block = 0; block < call.rows; block += block_rows) {
    const size_t end = call.rows - block < block_rows ? call.rows : block + block_rows;
    const size_t tiles = (end - block + kTileRows - 1) / kTileRows;
    for (size_t panel = call.first_panel; panel < call.end_panel; ++panel) {
      const char* here = b + panel * panel_bytes;
      // Tiles of nearly equal size: none too small to keep the multipliers busy.
      // Each asks for its share of the next panel, which then waits in the second-level cache: where a panel is small, it is
      // done with before the third level has answered. Where panels take longer, this costs 2 % and brings nothing.
      const size_t ahead_step = 2 * T::kHalf / tiles;
      for (size_t tile = 0, row = block; tile < tiles; ++tile) {
        const size_t rows = (end - row + tiles - tile - 1) / (tiles - tile);
        Compute<T>({.call = &call, .row = row, .column = panel * kPanel, .b = here,
                    .ahead = here + panel_bytes + tile * steps * ahead_step, .ahead_step = ahead_step, .c = nullptr,
                    .c_bf16 = nullptr, .c_stride = call.c_stride}, rows);
        row += rows;
      }
    }
  }
}

template <class T>
constexpr Kernels::Gemm MakeGemm() {
  return {.format = {.panel = kPanel, .group = T::kGroup, .a_element = T::kLeftBytes, .b_element = T::kRightBytes},
          .multiply = Multiply<T>};
}
