// Products of packed matrices; see vector-inl.h for how this file is included. The including file has set kTileRows and
// the steps of the bfloat16 and int8 products.

constexpr size_t kPanel = 2 * kLanes;  // columns: two vectors, so that each left value loaded serves two products

// A left block that is used for one panel after the other stays below this, to keep its place in the second-level
// cache.
constexpr size_t kBlockBytes = 256 << 10;

struct TileCall {
  const GemmCall* call;
  size_t row;        // the tile's first
  size_t column;     // the panel's first
  const char* b;     // the panel
  float* c;          // row i at c + i·c_stride
  size_t c_stride;
};

// Asks for the right side's lines eight steps before they are used; past the end of a panel that is the next one.
SENVEC_INLINE void PrefetchAhead(const void* b, size_t step_bytes) {
  const char* ahead = static_cast<const char*>(b) + 8 * step_bytes;
  for (size_t at = 0; at < step_bytes; at += 64) __builtin_prefetch(ahead + at, 0, 3);
}

// Each Tile computes kRows rows of one panel: sums over k in registers, one step after the other.
struct Fp32Tile {
  static constexpr size_t kGroup = 1, kLeftBytes = 4, kRightBytes = 4;

  template <size_t kRows>
  static void Run(const TileCall& tile) {
    const GemmCall& call = *tile.call;
    const size_t stride = call.a_stride;
    const char* a = static_cast<const char*>(call.a) + tile.row * stride;
    const float* b = reinterpret_cast<const float*>(tile.b);
    V left[kRows], right[kRows];
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) left[i] = right[i] = V{};
    for (size_t k = 0; k < call.k; ++k) {
      const V b0 = Load(b), b1 = Load(b + kLanes);
      PrefetchAhead(b, sizeof(float) * kPanel);
      b += kPanel;
      SENVEC_UNROLL
      for (size_t i = 0; i < kRows; ++i) {
        const float value = *reinterpret_cast<const float*>(a + i * stride);
        left[i] += b0 * value;
        right[i] += b1 * value;
      }
      a += sizeof(float);
    }
    const V bias0 = Load(call.bias + tile.column), bias1 = Load(call.bias + tile.column + kLanes);
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) {
      Store(tile.c + i * tile.c_stride, left[i] + bias0);
      Store(tile.c + i * tile.c_stride + kLanes, right[i] + bias1);
    }
  }
};

struct Bf16Tile {
  static constexpr size_t kGroup = 2, kLeftBytes = 2, kRightBytes = 2;

  template <size_t kRows>
  static void Run(const TileCall& tile) {
    const GemmCall& call = *tile.call;
    const size_t stride = call.a_stride, steps = (call.k + 1) / 2;
    const char* a = static_cast<const char*>(call.a) + tile.row * stride;
    const char* b = tile.b;
    V left[kRows], right[kRows];
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) left[i] = right[i] = V{};
    for (size_t k = 0; k < steps; ++k) {
      const VI b0 = LoadInts(b), b1 = LoadInts(b + 4 * kLanes);
      PrefetchAhead(b, 4 * kPanel);
      b += 4 * kPanel;
      SENVEC_UNROLL
      for (size_t i = 0; i < kRows; ++i) {
        int pair;
        __builtin_memcpy(&pair, a + i * stride, sizeof(pair));
        const VI values = SetInt(pair);
        left[i] = Bf16Step(left[i], values, b0);
        right[i] = Bf16Step(right[i], values, b1);
      }
      a += 4;
    }
    const V bias0 = Load(call.bias + tile.column), bias1 = Load(call.bias + tile.column + kLanes);
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) {
      Store(tile.c + i * tile.c_stride, left[i] + bias0);
      Store(tile.c + i * tile.c_stride + kLanes, right[i] + bias1);
    }
  }
};

struct Int8Tile {
  static constexpr size_t kGroup = kInt8Group, kLeftBytes = sizeof(Int8Operand), kRightBytes = 1;

  template <size_t kRows>
  static void Run(const TileCall& tile) {
    const GemmCall& call = *tile.call;
    const size_t stride = call.a_stride, steps = (call.k + kGroup - 1) / kGroup;
    const char* a = static_cast<const char*>(call.a) + tile.row * stride;
    const char* b = tile.b;
    VI left[kRows], right[kRows];
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) left[i] = right[i] = VI{};
    for (size_t k = 0; k < steps; ++k) {
      const VI b0 = Int8Load(b), b1 = Int8Load(b + kGroup * kLanes);
      PrefetchAhead(b, kGroup * kPanel);
      b += kGroup * kPanel;
      SENVEC_UNROLL
      for (size_t i = 0; i < kRows; ++i) {
        const VI codes = Int8Broadcast(a + i * stride);
        left[i] = Int8Step(left[i], codes, b0);
        right[i] = Int8Step(right[i], codes, b1);
      }
      a += kGroup * sizeof(Int8Operand);
    }
    // Σ s_a(q_a − z)·s_b q_b = s_a s_b (Σ q_a q_b − z Σ q_b), the parenthesis exact in integers.
    const size_t column = tile.column;
    const VI sums0 = LoadInts(call.b_sums + column), sums1 = LoadInts(call.b_sums + column + kLanes);
    const V scales0 = Load(call.b_scales + column), scales1 = Load(call.b_scales + column + kLanes);
    const V bias0 = Load(call.bias + column), bias1 = Load(call.bias + column + kLanes);
    SENVEC_UNROLL
    for (size_t i = 0; i < kRows; ++i) {
      const RowScale row = call.a_scales[tile.row + i];
      float* c = tile.c + i * tile.c_stride;
      Store(c, ToFloats(left[i] - sums0 * row.zero) * (scales0 * row.scale) + bias0);
      Store(c + kLanes, ToFloats(right[i] - sums1 * row.zero) * (scales1 * row.scale) + bias1);
    }
  }
};

template <class Tile, size_t... kIndex>
SENVEC_INLINE void RunTile(size_t rows, const TileCall& tile, std::index_sequence<kIndex...>) {
  static constexpr void (*kTable[])(const TileCall&) = {Tile::template Run<kIndex + 1>...};
  kTable[rows - 1](tile);
}

SENVEC_INLINE void StoreTile(const GemmCall& call, const float* tile, size_t row, size_t rows, size_t column) {
  const size_t columns = call.n - column < kPanel ? call.n - column : kPanel;
  for (size_t i = 0; i < rows; ++i) {
    const float* from = tile + i * kPanel;
    const size_t at = (row + i) * call.c_stride + column;
    if (call.c_bf16 != nullptr && columns == kPanel) {
      StoreBf16(call.c_bf16 + at, Load(from));
      StoreBf16(call.c_bf16 + at + kLanes, Load(from + kLanes));
    } else if (call.c_bf16 != nullptr) {
      RowToBf16(from, columns, call.c_bf16 + at);
    } else if (columns == kPanel) {
      Store(call.c + at, Load(from));
      Store(call.c + at + kLanes, Load(from + kLanes));
    } else {
      for (size_t j = 0; j < columns; ++j) call.c[at + j] = from[j];
    }
  }
}

// The tile goes to its place at once when it is a plain one; otherwise by a buffer, where the activation runs.
template <class Tile>
SENVEC_INLINE void Compute(const GemmCall& call, size_t row, size_t rows, size_t column, const char* b) {
  TileCall tile = {.call = &call, .row = row, .column = column, .b = b, .c = nullptr, .c_stride = call.c_stride};
  if (call.activation == nullptr && call.c != nullptr && column + kPanel <= call.n) {
    tile.c = call.c + row * call.c_stride + column;
    RunTile<Tile>(rows, tile, std::make_index_sequence<kTileRows>());
    return;
  }
  alignas(64) float buffer[kTileRows * kPanel];
  tile.c = buffer;
  tile.c_stride = kPanel;
  RunTile<Tile>(rows, tile, std::make_index_sequence<kTileRows>());
  if (call.activation != nullptr) call.activation(buffer, rows * kPanel);
  StoreTile(call, buffer, row, rows, column);
}

template <class Tile>
void Multiply(const GemmCall& call) {
  const size_t steps = (call.k + Tile::kGroup - 1) / Tile::kGroup;
  const size_t panel_bytes = steps * Tile::kGroup * kPanel * Tile::kRightBytes;
  const size_t fitting = kBlockBytes / (call.a_stride > 0 ? call.a_stride : 1) / kTileRows * kTileRows;
  const size_t block_rows = fitting > kTileRows ? fitting : kTileRows;
  const char* b = static_cast<const char*>(call.b);
  for (size_t block = 0; block < call.rows; block += block_rows) {
    const size_t end = call.rows - block < block_rows ? call.rows : block + block_rows;
    const size_t tiles = (end - block + kTileRows - 1) / kTileRows;
    for (size_t panel = call.first_panel; panel < call.end_panel; ++panel) {
      const char* here = b + panel * panel_bytes;
      // Tiles of nearly equal size: none too small to keep the multipliers busy.
      for (size_t tile = 0, row = block; tile < tiles; ++tile) {
        const size_t rows = (end - row + tiles - tile - 1) / (tiles - tile);
        Compute<Tile>(call, row, rows, panel * kPanel, here);
        row += rows;
      }
    }
  }
}

template <class Tile>
constexpr Kernels::Gemm MakeGemm() {
  return {.format = {.panel = kPanel, .group = Tile::kGroup, .a_element = Tile::kLeftBytes, .b_element = Tile::kRightBytes},
          .multiply = Multiply<Tile>};
}
