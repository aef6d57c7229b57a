#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "index/filter/bitmap.h"

namespace senvec {
namespace {

using testing::HasSubstr;

std::string U16(uint32_t value) {
  return {static_cast<char>(value), static_cast<char>(value >> 8)};
}
std::string U32(uint32_t value) { return U16(value & 0xffff) + U16(value >> 16); }

// Bitmaps written by a newer release of CRoaring (scripts/make_filter_seeds.py).
TEST(BitmapFormatTest, ReadsAndWritesWhatAnotherReleaseWrote) {
  Bitmap mixed = Bitmap::Range(0, 5000);
  for (uint32_t i = 0; i < 3000; ++i) mixed.Add((1 << 16) + 7 * i);
  for (uint32_t i = 0; i < 20000; ++i) mixed.Add((2 << 16) + 3 * i);
  Bitmap last = Bitmap::Of({0, 0xffffffff});
  last.AddRange(0x7fff0000, 0x80010000);
  const struct {
    const char* file;
    Bitmap rows;
  } cases[] = {{"empty", Bitmap()},
               {"one", Bitmap::Of({70000})},
               {"mixed", mixed},
               {"runs", Bitmap::Range(10, 300000)},
               {"last", last}};
  for (const auto& [file, rows] : cases) {
    const absl::StatusOr<std::string> bytes =
        ReadFile(absl::StrCat(SENVEC_SOURCE_DIR, "/fuzz/corpus/bitmap/", file));
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const absl::StatusOr<Bitmap> parsed = Bitmap::Parse(*bytes);
    ASSERT_TRUE(parsed.ok()) << file << ": " << parsed.status();
    EXPECT_EQ(*parsed, rows) << file;
    Bitmap compact = rows;
    compact.Optimize();
    EXPECT_EQ(compact.Serialize(), *bytes) << file;
  }
}

TEST(BitmapFormatTest, RefusesBrokenPromisesByName) {
  const std::string one_array = U32(12346) + U32(1) + U16(0) + U16(1) + U32(16);  // two rows follow
  const std::string two_arrays = U32(12346) + U32(2) + U16(3) + U16(0);
  const std::string one_run = U32(12347) + "\1" + U16(0);  // number of rows − 1, runs follow
  const struct {
    std::string bytes;
    const char* message;
  } cases[] = {
      {"", "bitmap, byte 0: cut off in the cookie"},
      {"\x01\x02\x03\x04", "bitmap, byte 0: unknown cookie 67305985"},
      {U32(12346 + (1 << 16)), "byte 0: unknown cookie"},
      {U32(12346), "byte 4: cut off in the number of containers"},
      {U32(12346) + U32(65537), "byte 4: 65537 containers, more than 65536"},
      {U32(12346) + U32(0xffffffff), "byte 4: 4294967295 containers"},
      {U32(12346) + U32(65536), "byte 8: cut off in the keys"},
      {U32(12347), "byte 4: cut off in the run flags"},
      {U32(12347) + std::string(1, '\0'), "byte 4: run flags of which none is set"},
      {U32(12347) + "\3", "byte 4: run flags for containers that are not there"},
      {two_arrays + U16(3) + U16(0) + U32(24) + U32(26) + U16(1) + U16(1),
       "byte 12: keys out of order"},
      {two_arrays + U16(2) + U16(0) + U32(24) + U32(26) + U16(1) + U16(1),
       "byte 12: keys out of order"},
      {two_arrays + U16(4) + U16(0) + U32(24) + U32(24) + U16(1) + U16(1),
       "byte 26: container 1 is not where its offset says"},
      {one_array.substr(0, 12), "byte 12: cut off in the offsets"},
      {one_array + U16(1), "byte 16: cut off in an array container"},
      {one_array + U16(1) + U16(1), "byte 18: rows out of order"},
      {one_array + U16(2) + U16(1), "byte 18: rows out of order"},
      {one_array + U16(1) + U16(2) + "x", "byte 20: 1 bytes follow the last container"},
      {one_run + U16(0), "byte 9: cut off in a run container"},
      {one_run + U16(0) + U16(0), "byte 11: a run container without runs"},
      {one_run + U16(0) + U16(2) + U32(0), "byte 11: cut off in a run container"},
      {one_run + U16(2) + U16(1) + U16(0xffff) + U16(2), "byte 11: a run past the container's end"},
      {one_run + U16(2) + U16(1) + U16(5) + U16(1), "byte 15: runs of 2 rows that say 3"},
      {one_run + U16(3) + U16(2) + U16(5) + U16(1) + U16(6) + U16(1),
       "byte 15: runs out of order, or touching"},
      {one_run + U16(3) + U16(2) + U16(5) + U16(1) + U16(7) + U16(1),
       "byte 15: runs out of order, or touching"},
      {U32(12346) + U32(1) + U16(0) + U16(4096) + U32(16) + std::string(8192, '\0'),
       "byte 16: a bitset of 0 rows that says 4097"},
      {U32(12346) + U32(1) + U16(0) + U16(4096) + U32(16) + std::string(8191, '\0'),
       "byte 16: cut off in a bitset container"},
  };
  for (const auto& [bytes, message] : cases) {
    const absl::StatusOr<Bitmap> parsed = Bitmap::Parse(bytes);
    ASSERT_FALSE(parsed.ok()) << message;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(message));
  }
  EXPECT_TRUE(Bitmap::Parse(one_array + U16(1) + U16(2)).ok());
  EXPECT_TRUE(Bitmap::Parse(one_run + U16(3) + U16(2) + U16(5) + U16(1) + U16(8) + U16(1)).ok());
}

Bitmap WithEveryKindOfContainer() {
  Bitmap bitmap = Bitmap::Range(100, 5000);
  for (uint32_t i = 0; i < 40; ++i) bitmap.Add((1 << 16) + 5 * i);
  for (uint32_t i = 0; i < 5000; ++i) bitmap.Add((2 << 16) + 3 * i);
  bitmap.AddRange(5 << 16, 6 << 16);
  bitmap.Add(0xffffffff);
  bitmap.Optimize();
  return bitmap;
}

TEST(BitmapFormatTest, CutAtEveryByteItIsRefused) {
  const std::string bytes = WithEveryKindOfContainer().Serialize();
  for (size_t length = 0; length < bytes.size(); ++length) {
    // Copied, so that a sanitizer sees a read past its end.
    const std::string cut = bytes.substr(0, length);
    ASSERT_FALSE(Bitmap::Parse({std::vector<char>(cut.begin(), cut.end()).data(), cut.size()}).ok())
        << length;
  }
}

TEST(BitmapFormatTest, WithAnyBitFlippedItIsRefusedOrConsistent) {
  const std::string bytes = WithEveryKindOfContainer().Serialize();
  std::vector<uint64_t> words(1 << 14);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    absl::StatusOr<Bitmap> parsed = Bitmap::Parse(damaged);
    if (!parsed.ok()) continue;
    ASSERT_EQ(parsed->ToVector().size(), parsed->cardinality()) << bit;
    ASSERT_EQ(parsed->Serialize(), damaged) << bit;
    parsed->ToWords(77, words.size() * 64, absl::MakeSpan(words));
    parsed->Or(WithEveryKindOfContainer());
    parsed->AndNot(WithEveryKindOfContainer());
    ASSERT_LE(parsed->cardinality(), 65536u) << bit;
  }
}

}  // namespace
}  // namespace senvec
