#include "kernels/page_arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace senvec {
namespace {

TEST(PageArenaTest, PartsAreZeroAlignedAndApart) {
  PageArena arena;
  const std::vector<size_t> sizes = {1, 64, 65, 4096, size_t{3} << 20, size_t{40} << 20, 7, size_t{31} << 20};
  std::vector<char*> parts;
  for (size_t size : sizes) {
    parts.push_back(arena.Allocate(size));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(parts.back()) % 64, 0u) << size;
    EXPECT_EQ(parts.back()[0], 0);
    EXPECT_EQ(parts.back()[size - 1], 0);
    std::memset(parts.back(), static_cast<int>(parts.size()), size);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i][0], static_cast<char>(i + 1));
    EXPECT_EQ(parts[i][sizes[i] - 1], static_cast<char>(i + 1));
  }
}

}  // namespace
}  // namespace senvec
